"""What is measured: three requests, each against the mock and its Python counterparts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specimen import specs
from specimen.mockserver.sessions.catalogue.catalogue import Catalogue
from specimen.mockserver.sessions.catalogue.scenario_requests import ScenarioRequests
from specimen.specs import Provider
from tests.bench.load import Work
from tests.bench.machine import BenchError
from tests.bench.processes import READY

Entry = Mapping[str, Any]
Ask = Callable[[Entry], tuple[int, bytes]]

MOCK = "Specimen"
BARE = "bare ASGI function"
STOCK = "Connexion 3.3 as it comes"


@dataclass(frozen=True, slots=True)
class Case:
    """A request of one provider, and the least share of the bare function's rate that it shall have."""

    provider_name: str
    title: str
    target: float
    entry: Callable[[Provider, Ask], Entry]
    unique: str | None = None

    @property
    def provider(self) -> Provider:
        """The provider's facts."""
        return specs.load(self.provider_name)

    def work(self, ask: Ask) -> Work:
        """The request, with a session made for it where it reads one."""
        return Work.of(self.entry(self.provider, ask), self.unique)


def table(provider: Provider) -> ScenarioRequests:
    """The provider's scenario requests, as `specimen ids` lists it."""
    return ScenarioRequests(provider, Catalogue(provider, 0))


def create_request(provider: Provider) -> dict[str, Any]:
    """The smallest request that makes a session, as an entry of the scenario requests."""
    return table(provider).create_request()


def created(provider: Provider, ask: Ask) -> str:
    """The id of a session made through the API."""
    status, body = ask(create_request(provider))
    if status not in (200, 201):
        raise BenchError(f"{provider.name} made no session: {status} {body[:300]!r}")
    found: Any = json.loads(body)
    for part in provider.lifecycle.create.session.split("/")[1:]:
        found = found[part]
    return str(found)


def _headers(provider: Provider) -> dict[str, str]:
    return {name: value for name, value in create_request(provider)["headers"].items() if name != "Content-Type"}


def _kayle(provider: Provider, ask: Ask) -> Entry:
    path = f"{provider.mount}/v1/sessions/{created(provider, ask)}"
    return {"method": "GET", "path": path, "headers": _headers(provider), "body": None}


def _neurovision(provider: Provider, ask: Ask) -> Entry:
    path = f"{provider.mount}/kyc/session/status"
    return {"method": "POST", "path": path, "headers": _headers(provider), "body": {"sessionId": created(provider, ask)}}


def _kyve(provider: Provider, _: Ask) -> Entry:
    body = {"metadata": {"customer": "c-1042"}, "redirect_url": "https://example.com/done"}
    return {**create_request(provider), "body": body}


CASES = (
    Case("kayle", "kayle GET session", 0.9, _kayle),
    Case("neurovision", "neurovision POST status", 0.45, _neurovision),
    Case("kyve", "kyve POST createSession", 0.3, _kyve, unique="Idempotency-Key"),
)


def mock_command(*more: str) -> list[str]:
    """The mock as a user starts it, all providers, on a free port."""
    return [sys.executable, "-m", "specimen", "serve", "--port", "0", "--ready-file", READY, *more]


def counterpart_command(kind: str, case: Case, status: int, answer: Path) -> list[str]:
    """A server of tests/bench/servers.py that sends the mock's own answer: `bare` or `stock`."""
    return [sys.executable, "-m", "tests.bench.servers", kind, case.provider_name, str(status), str(answer), READY]

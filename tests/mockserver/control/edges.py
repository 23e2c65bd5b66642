"""Takes every edge of a vendor's lifecycle from outside, by HTTP, and judges the log of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx

from specimen.client import Client, Session
from specimen.contracts.traffic.har_reader import check, read_har
from specimen.contracts.traffic.monitor import Monitor
from specimen.mockserver.sessions.catalogue.catalogue import Catalogue
from specimen.mockserver.sessions.catalogue.scenario_requests import ScenarioRequests, encoded_body
from specimen.specs import Provider
from specimen.specs.core import json_pointer
from specimen.specs.loading.lifecycle import Read, Transition

STEP_SECONDS = 5.0


class Traveller:
    """Moves sessions of one provider by the control API, and reads them by the vendor's operations as an application does."""

    def __init__(self, provider: Provider, client: Client, http: httpx.Client) -> None:
        self._provider = provider
        self._client = client
        self._http = http
        self._requests = ScenarioRequests(provider, Catalogue(provider, 0))

    def take(self, edge: Transition, *, by_steering: bool = False) -> set[tuple[str, str]]:
        """Brings a new session to where the edge begins, by the fewest edges, and takes it; all states are read on the way.

        An edge of an operation is taken by that, unless `by_steering`. Gives the edges that the session's events show.
        """
        name = self._provider.name
        made = self._client.call("POST", "/sessions", body={"provider": name})
        session = self._client.session(name, made["session"]["id"])
        for to in (*way(self._provider, edge.origin), edge.to):
            self.reads(session)
            self._client.forward(STEP_SECONDS)
            if to == edge.to and edge.operation is not None and session.state == edge.origin and not by_steering:
                self._call(edge.operation, session, json_pointer.at(made, "/answer"))
                session = self._client.session(name, session.id)
            else:
                session = self._client.transition(name, session.id, to)
            assert session.state == self.reads(session) == to
        states = [event["state"] for event in session.events]
        return set(pairwise(states))

    def reads(self, session: Session) -> Any:
        """The status that the first of the vendor's reads shows; all of them answer."""
        shown = []
        for one, body in self.bodies(session):
            shown.append(json_pointer.at(body, one.status) if one.status is not None else None)
        return shown[0]

    def bodies(self, session: Session) -> Iterator[tuple[Read, Any]]:
        """Each of the vendor's reads that fits the session, with its answer."""
        for one in self._provider.lifecycle.reads:
            if one.fits(session.facts):
                answer = self._send(one.operation, one.request, session)
                assert answer.status_code == 200, answer.text
                yield one, answer.json()

    def _send(self, operation: str, template: Any, session: Session) -> httpx.Response:
        entry = self._requests._request(operation, template, session.facts.get("credential"), None)
        text = json.dumps(entry)
        for name, value in {**session.facts, **session.ids}.items():
            text = text.replace(f"{{{name}}}", str(value)).replace(f"%7B{name}%7D", str(value))
        entry = json.loads(text)
        body, content_type = encoded_body(entry["body"])
        headers = {"Content-Type": content_type} if body else {}
        return self._http.request(entry["method"], entry["path"], content=body, headers={**headers, **entry["headers"]})

    def _call(self, operation: str, session: Session, answer: Any) -> None:
        """An operation that moves a session, with what its document asks for; the values are those of the session's creation."""
        found = self._provider.document.operations[operation]
        media = found.body("application/json")
        assert media is not None
        schema, _ = self._provider.document.resolve(self._provider.document.at(media.pointer))
        body = {name: _member(answer, name) for name in schema["required"]}
        path = found.path.format(**{part[1:-1]: session.id for part in found.path.split("/") if part.startswith("{")})
        assert self._http.request(found.method.upper(), self._provider.mount + path, json=body).status_code < 300


def way(provider: Provider, state: str) -> tuple[str, ...]:
    """The states from the first one (left out) to another, by the fewest edges."""
    ways: list[tuple[str, ...]] = [(provider.lifecycle.initial,)]
    while ways:
        walked = ways.pop(0)
        if walked[-1] == state:
            return walked[1:]
        ways += [
            (*walked, edge.to) for edge in provider.lifecycle.transitions if edge.origin == walked[-1] and edge.to not in walked
        ]
    raise AssertionError(state)


def found_in(archive: dict[str, Any], provider: Provider, file: Path) -> tuple[list[str], int]:
    """What `specimen check` finds in an exported log, notes among it, and how many exchanges it judged."""
    file.write_text(json.dumps(archive), encoding="utf-8")
    recording = read_har(file, provider)
    monitor = Monitor(provider, str(recording.base_url))
    for _ in check(recording, monitor):
        pass
    return [str(one) for one in monitor.report("check").found], monitor.exchanges


def _member(node: Any, name: str) -> Any:
    """The first member of that name, at any depth."""
    if isinstance(node, dict):
        if name in node:
            return node[name]
        return next((found for inner in node.values() if (found := _member(inner, name)) is not None), None)
    return None

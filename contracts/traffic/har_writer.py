"""Records exchanges in a HAR 1.2 file, without credentials and personal data."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from specimen.contracts.anonymize.anonymizer import Anonymizer
from specimen.contracts.http.har_file import HarFile, entry_of, iso_time, request_of
from specimen.contracts.redaction.values import without_fingerprints
from specimen.contracts.traffic.monitor import JudgedExchange, as_json
from specimen.specs import Provider

__all__ = ["Recorder", "as_entry", "iso_time"]


class Recorder(HarFile):
    """Writes exchanges to a file as they come.

    An entry keeps the values of the contract, as `Anonymizer` says; everything else is a pseudonym of the same format.
    """

    def __init__(self, path: Path, provider: Provider, *, secret: bytes | None = None) -> None:
        self._anonymizer = Anonymizer(provider, secret or secrets.token_bytes(16))
        super().__init__(path)

    def add(self, verdict: JudgedExchange, base_url: str, started_at: int) -> None:
        """Appends an exchange; `started_at` is in milliseconds since the epoch."""
        if self.failed is None:
            self.append(as_entry(verdict, base_url, started_at, self._anonymizer))


def as_entry(verdict: JudgedExchange, base_url: str, started_at: int, anonymizer: Anonymizer) -> dict[str, Any]:
    """Returns an exchange as an entry of a HAR file; its violations leave out the received value, which the entry has."""
    exchange = anonymizer.exchange(verdict.exchange)
    body, headers = exchange.request_body, exchange.request_headers
    request = request_of(exchange.method, base_url + exchange.path, exchange.query, headers, body, body.decode())
    taken = max(0, exchange.at - started_at)
    violations = [_without_values(as_json(one)) for one in verdict.found]
    return {
        **entry_of(request, exchange.status, exchange.response_headers, exchange.response_body, started_at, taken),
        "_specimen": {"violations": violations, "is_judged": verdict.unjudged is None},
    }


def _without_values(violation: dict[str, Any]) -> dict[str, Any]:
    """Returns a violation without the received value and without fingerprints, which could be guessed."""
    return {
        name: without_fingerprints(value) if isinstance(value, str) else value
        for name, value in violation.items()
        if name != "got"
    }

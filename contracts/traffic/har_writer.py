"""Writes a HAR 1.2 file that is complete after every entry, without credentials and personal data."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from specimen.contracts.anonymize.anonymizer import Anonymizer
from specimen.contracts.redaction.values import without_fingerprints
from specimen.contracts.traffic.monitor import JudgedExchange, TrafficError, as_json
from specimen.specs import Provider
from specimen.specs.core.version import product_version

_END = b"\n]}}\n"


class Recorder:
    """Writes exchanges to a file as they come; nothing has to be done at the end, and a crash loses nothing.

    An entry replaces the file's last bytes by itself and the same end, in one write. An entry keeps the values of the
    contract, as `Anonymizer` says; everything else is a pseudonym of the same format.
    """

    def __init__(self, path: Path, provider: Provider, *, secret: bytes | None = None) -> None:
        self._anonymizer = Anonymizer(provider, secret or secrets.token_bytes(16))
        self._path = path
        head = {"version": "1.2", "creator": {"name": "specimen", "version": product_version()}, "entries": []}
        text = json.dumps({"log": head}).encode().removesuffix(b"]}}")
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as stream:
                stream.write(text + _END)
            temporary.replace(path)
            self._file = path.open("r+b", buffering=0)
        except OSError as error:
            raise TrafficError(f"--har '{path}': cannot be written: {error.strerror or error}.") from error
        self._at = len(text)
        self.entries = 0
        self.failed: str | None = None

    def add(self, verdict: JudgedExchange, base_url: str, started_at: int) -> None:
        """Appends an exchange; `started_at` is in milliseconds since the epoch.

        A full disk ends the recording, not the caller.
        """
        if self.failed is not None:
            return
        entry = as_entry(verdict, base_url, started_at, self._anonymizer)
        text = (b",\n" if self.entries else b"\n") + json.dumps(entry, ensure_ascii=False).encode("utf-8", "surrogatepass")
        try:
            self._file.seek(self._at)
            is_whole = self._file.write(text + _END) == len(text + _END)
            why = "" if is_whole else "the disk is full"
        except OSError as error:
            why = str(error.strerror or error)
        if why:
            self.failed = f"--har '{self._path}': {why}. The recording ends here."
            return
        self._at += len(text)
        self.entries += 1

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def as_entry(verdict: JudgedExchange, base_url: str, started_at: int, anonymizer: Anonymizer) -> dict[str, Any]:
    """Returns an exchange as an entry of a HAR file; its violations leave out the received value, which the entry has."""
    exchange = anonymizer.exchange(verdict.exchange)
    sent_type, got_type = (headers.get("content-type", "") for headers in (exchange.request_headers, exchange.response_headers))
    taken = max(0, exchange.at - started_at)
    request = {
        "method": exchange.method,
        "url": base_url + exchange.path + (f"?{exchange.query}" if exchange.query else ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(exchange.request_headers),
        "queryString": [{"name": name, "value": value} for name, value in parse_qsl(exchange.query, keep_blank_values=True)],
        "headersSize": -1,
        "bodySize": len(exchange.request_body),
    }
    if exchange.request_body:
        request["postData"] = {"mimeType": sent_type, "text": exchange.request_body.decode()}
    content = {"size": len(exchange.response_body), "mimeType": got_type, "text": exchange.response_body.decode()}
    violations = [_without_values(as_json(one)) for one in verdict.found]
    return {
        "startedDateTime": iso_time(started_at),
        "time": taken,
        "request": request,
        "response": {
            "status": exchange.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _headers(exchange.response_headers),
            "content": content,
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(exchange.response_body),
        },
        "cache": {},
        "timings": {"send": 0, "wait": taken, "receive": 0},
        "_specimen": {"violations": violations, "is_judged": verdict.unjudged is None},
    }


def _without_values(violation: dict[str, Any]) -> dict[str, Any]:
    """Returns a violation without the received value and without fingerprints, which could be guessed."""
    return {
        name: without_fingerprints(value) if isinstance(value, str) else value
        for name, value in violation.items()
        if name != "got"
    }


def _headers(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def iso_time(millis: int) -> str:
    """Formats a time in milliseconds since the epoch, as ISO 8601 in UTC."""
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

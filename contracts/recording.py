"""A HAR 1.2 file that is whole after every entry, without credentials and personal data."""

from __future__ import annotations

import base64
import json
import os
import secrets
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from contracts.events import EVENT_STREAM
from contracts.masking import Mask
from contracts.traffic import TrafficError, Verdict, as_json
from specs import Provider

_END = b"\n]}}\n"


class Recorder:
    """Writes exchanges to a file as they come; nothing has to be done at the end, and a crash loses nothing.

    An entry replaces the file's last bytes by itself and the same end, in one write. Bodies that are JSON are kept with
    personal values replaced by others of the same form; other bodies are replaced by their size.
    """

    def __init__(self, path: Path, provider: Provider, *, secret: bytes | None = None) -> None:
        self._mask = Mask(provider, secret or secrets.token_bytes(16))
        self._path = path
        head = {"version": "1.2", "creator": {"name": "specimen", "version": _version()}, "entries": []}
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

    def add(self, verdict: Verdict, base_url: str, started_at: int) -> None:
        """Appends an exchange; `started_at` is in milliseconds since the epoch.

        A full disk ends the recording, not the caller.
        """
        if self.failed is not None:
            return
        entry = as_entry(verdict, base_url, started_at, self._mask)
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
        """Ends the recording."""
        self._file.close()


def as_entry(verdict: Verdict, base_url: str, started_at: int, mask: Mask) -> dict[str, Any]:
    """An exchange as an entry of a HAR file."""
    exchange = verdict.exchange
    query = mask.query(exchange.query)
    sent = _content(exchange.request_body, exchange.request_headers.get("content-type", ""), mask)
    got = _content(exchange.response_body, exchange.response_headers.get("content-type", ""), mask)
    taken = max(0, exchange.at - started_at)
    request = {
        "method": exchange.method,
        "url": base_url + exchange.path + (f"?{query}" if query else ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(exchange.request_headers, mask),
        "queryString": [{"name": name, "value": value} for name, value in parse_qsl(query, keep_blank_values=True)],
        "headersSize": -1,
        "bodySize": len(exchange.request_body),
    }
    if exchange.request_body:
        request["postData"] = {"mimeType": exchange.request_headers.get("content-type", ""), **sent}
    return {
        "startedDateTime": moment(started_at),
        "time": taken,
        "request": request,
        "response": {
            "status": exchange.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _headers(exchange.response_headers, mask),
            "content": {
                "size": len(exchange.response_body),
                "mimeType": exchange.response_headers.get("content-type", ""),
                **got,
            },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(exchange.response_body),
        },
        "cache": {},
        "timings": {"send": 0, "wait": taken, "receive": 0},
        "_specimen": {"violations": [as_json(violation) for violation in verdict.found], "unjudged": verdict.unjudged},
    }


def _content(body: bytes, content_type: str, mask: Mask) -> dict[str, str]:
    if content_type.partition(";")[0].strip().lower() == EVENT_STREAM:
        body = b"\n".join(_line(line, mask) for line in body.split(b"\n"))
    else:
        body = mask.body(body)
    try:
        return {"text": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}


def _line(line: bytes, mask: Mask) -> bytes:
    name, colon, value = line.partition(b":")
    if name != b"data" or not colon:
        return line
    return b"data: " + mask.body(value.strip())


def _headers(headers: Any, mask: Mask) -> list[dict[str, str]]:
    return [{"name": name, "value": mask.header(name, value)} for name, value in headers.items()]


def moment(millis: int) -> str:
    """A time in milliseconds since the epoch, as ISO 8601 in UTC."""
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _version() -> str:
    try:
        return version("specimen-kyc")
    except PackageNotFoundError:
        return "0"

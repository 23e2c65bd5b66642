"""A HAR 1.2 file that is complete after every entry."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from specimen.contracts.http.base_url import TrafficError
from specimen.specs.core.version import product_version

_END = b"\n]}}\n"


class HarFile:
    """Appends entries; nothing has to be done at the end, and a crash loses nothing.

    An entry replaces the file's last bytes by itself and the same end, in one write. It is there from the start.

    Raises:
        TrafficError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
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

    def append(self, entry: Mapping[str, Any]) -> None:
        """Appends an entry. A full disk ends the recording, not the caller: `failed` says so."""
        if self.failed is not None:
            return
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


def request_of(method: str, url: str, query: str, headers: Mapping[str, str], body: bytes, text: str) -> dict[str, Any]:
    """The request of an entry; `text` is its body as it is to be shown."""
    found: dict[str, Any] = {
        "method": method,
        "url": url + (f"?{query}" if query else ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(headers),
        "queryString": [{"name": name, "value": value} for name, value in parse_qsl(query, keep_blank_values=True)],
        "headersSize": -1,
        "bodySize": len(body),
    }
    if body:
        found["postData"] = {"mimeType": headers.get("content-type", ""), "text": text}
    return found


def entry_of(
    request: Mapping[str, Any], status: int, headers: Mapping[str, str], body: bytes, started_at: int, taken: int = 0
) -> dict[str, Any]:
    """An entry of a HAR file; `started_at` and `taken` are in milliseconds."""
    return {
        "startedDateTime": iso_time(started_at),
        "time": taken,
        "request": request,
        "response": {
            "status": status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _headers(headers),
            "content": {"size": len(body), "mimeType": headers.get("content-type", ""), "text": body.decode()},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(body),
        },
        "cache": {},
        "timings": {"send": 0, "wait": taken, "receive": 0},
    }


def _headers(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def iso_time(millis: int) -> str:
    """Formats a time in milliseconds since the epoch, as ISO 8601 in UTC."""
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""The request log as an HTTP Archive (HAR 1.2)."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from specimen.fixtures.primitives.times import parse
from specimen.mockserver.http.messages import encode
from specimen.mockserver.sessions.request_log.filters import Entry
from specimen.mockserver.sessions.request_log.json_bodies import written
from specimen.specs.core.version import product_version


class Shown(NamedTuple):
    """An entry of the log as it is shown, the bytes of its answer's body, and its request's JSON body without credentials."""

    entry: Entry
    body: bytes
    request: Any = None


def archive(entries: Iterable[Shown], origin: str, *, whole: bool = False) -> dict[str, Any]:
    """A HAR of entries of the log.

    Requests and answers are masked as the log shows them, unless bodies are wanted `whole`: those of the mock show synthetic
    people, and only whole ones can be judged by `specimen check`. Credentials are masked in either.
    """
    kept = [one for one in entries if one.entry["status"]]
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "specimen", "version": product_version()},
            "entries": [_entry(one, took, origin, whole=whole) for one, took in zip(kept, _times(kept), strict=True)],
        }
    }


def _times(entries: Sequence[Shown]) -> list[float]:
    """How many milliseconds each answer took, but never so many that it came after the next one.

    Entries begin by the mock's clock, which may stand, and take as long as they do by the machine's.
    """
    found: list[float] = []
    latest = float("inf")
    for one in reversed(entries):
        began = parse(one.entry["at"])
        latest = max(began, min(latest, began + one.entry["milliseconds"]))
        found.append(round(latest - began, 3))
    return found[::-1]


def _entry(shown: Shown, took: float, origin: str, *, whole: bool) -> dict[str, Any]:
    entry, raw = shown.entry, shown.body
    query, headers = entry["query"], entry["request"]["headers"]
    request: dict[str, Any] = {
        "method": entry["method"],
        "url": f"{origin}{entry['path']}" + (f"?{query}" if query else ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": name, "value": value} for name, value in headers.items()],
        "queryString": [{"name": name, "value": value} for name, value in parse_qsl(query, keep_blank_values=True)],
        "headersSize": -1,
        "bodySize": -1,
    }
    if entry["request"]["body"] is not None:
        sent = shown.request if whole and shown.request is not None else entry["request"]["body"]
        request["postData"] = {"mimeType": headers.get("content-type", ""), "text": written(sent)}
    content_type = entry["response"]["content_type"]
    content: dict[str, Any] = {"size": len(raw), "mimeType": content_type}
    if raw and whole:
        try:
            content["text"] = raw.decode()
        except UnicodeDecodeError:
            content |= {"text": base64.b64encode(raw).decode(), "encoding": "base64"}
    elif raw:
        content["text"] = encode(entry["response"]["body"]).decode()
    return {
        "startedDateTime": entry["at"],
        "time": took,
        "request": request,
        "response": {
            "status": entry["status"],
            "statusText": _reason(entry["status"]),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{"name": "content-type", "value": content_type}] if raw else [],
            "content": content,
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(raw),
        },
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        "_provider": entry["provider"],
        "_fault": entry["fault"],
        "_milliseconds": entry["milliseconds"],
    }


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""

"""The recorded exchanges of a running copy of Kayle ID's API, where they lie beside the checkout."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from specimen.contracts.http.exchange import Exchange
from specimen.specs import Provider

FILE = Path(__file__).resolve().parents[2] / "shared" / "observed" / "kayle.ndjson"
needs_recording = pytest.mark.skipif(
    not FILE.is_file(), reason="the recording of the running API (../shared/observed) is not beside this checkout"
)
# The recording writes the byte that is no UTF-8 as U+FFFD; it was this one.
_NOT_UTF8 = b"\xe9"
_MEBIBYTE = 1024 * 1024
# Bodies that the recording cuts off after so many characters, by the exchange's name, made anew.
_CUT = 4000
_WHOLE = {
    "create content-length 2 MiB": lambda: _body_of(2 * _MEBIBYTE),
    "create content-length 2 MiB + 1": lambda: _body_of(2 * _MEBIBYTE + 1),
    "auth none big body": lambda: _body_of(3 * _MEBIBYTE),
    "token big body": lambda: _body_of(3 * _MEBIBYTE),
    "create deep nesting": lambda: b'{"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
}
_PLACE = re.compile(r"<(T?ID)([1-4])>")


@dataclass(frozen=True)
class Recorded:
    """A recorded request and its answer; `<ID1>` and `<TID1>` stand for the ids of four sessions and for their tokens."""

    name: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    answer_headers: Mapping[str, str]
    answer: bytes

    def filled(self, value: Callable[[str, int], str]) -> Recorded:
        """The same with ids and tokens, each given by its kind (`ID`, `TID`) and number."""

        def fill(text: str) -> str:
            return _PLACE.sub(lambda found: value(found[1], int(found[2])), text)

        def fill_bytes(data: bytes) -> bytes:
            return fill(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

        return Recorded(
            self.name, self.method, fill(self.target), self.headers, fill_bytes(self.body),
            self.status, self.answer_headers, fill_bytes(self.answer),
        )  # fmt: skip

    def exchange(self, provider: Provider) -> Exchange:
        """The exchange as a judge sees it."""
        path, _, query = self.target.partition("?")
        return Exchange(
            provider=provider, method=self.method, path=path, query=query, request_headers=self.headers,
            request_body=self.body, status=self.status, response_headers=self.answer_headers, response_body=self.answer, at=0,
        )  # fmt: skip


def recorded() -> Iterator[Recorded]:
    """All exchanges, in the order of the recording."""
    for line in FILE.read_bytes().splitlines():
        entry = json.loads(line)
        request, response = entry["request"], entry["response"]
        body = (request["body"] or "").encode()
        if not request["body_is_utf8"]:
            body = body.replace("\N{REPLACEMENT CHARACTER}".encode(), _NOT_UTF8)
        if len(body) >= _CUT:
            body = _WHOLE[entry["name"]]()
        yield Recorded(
            name=entry["name"],
            method=request["method"],
            target=request["path"],
            headers=_lower(request["headers"]),
            body=body,
            status=response["status"],
            answer_headers=_lower(response["headers"]),
            answer=(response["body"] or "").encode(),
        )


def _lower(headers: Mapping[str, Any]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _body_of(size: int) -> bytes:
    begin, end = b'{"x":"', b'"}'
    return begin + b"a" * (size - len(begin) - len(end)) + end

"""The JSON of logged bodies: senders may have sent what no answer can hold."""

from __future__ import annotations

import json
from typing import Any

from specimen.mockserver.http.request_body import RequestRejected, parse_json

# The request log's own answer nests an entry's body a few levels deeper.
_MOST_DEPTH = 200


class UnshowableBody(ValueError):
    """A body is no JSON, or none that an answer can hold: nested too deeply, or with half of a surrogate pair."""


def read(raw: bytes) -> Any:
    """The JSON value of a body.

    Raises:
        UnshowableBody: it is none that an answer can hold.
    """
    try:
        return parse_json(raw, most_depth=_MOST_DEPTH)
    except RequestRejected as refused:
        raise UnshowableBody(refused.problem.detail) from None


def read_or_none(raw: bytes) -> Any:
    """The JSON value of a body; None where it is none that an answer can hold."""
    try:
        return read(raw)
    except UnshowableBody:
        return None


def written(value: Any) -> str:
    """JSON text of a value; what UTF-8 cannot hold is escaped, as its sender wrote it."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text

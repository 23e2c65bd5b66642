"""Answers other than successes: documented errors with members missing or of another type, and bodies that are none."""

from __future__ import annotations

import json
from collections.abc import Iterator

from specimen.contracts.payloads.model.case_types import EITHER, REJECT, Edge, Kind, kind
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.mutations import ABSENT, Whole
from specimen.contracts.payloads.model.valid_payloads import Base

# What a documented envelope asks for, or what only we assume of it.
_ODD = (REJECT, EITHER)
_SCHEMA = "JSON Schema 2020-12, validation, section 6"
MISSING = kind(
    "errors.missing", "A client that shows a member of an error without asking fails while it handles a failure.",
    "JSON Schema 2020-12, required", tags=["error"],
)  # fmt: skip
NULL = kind("errors.null", "null for a member of an error: it is printed as a word, or fails.", f"{_SCHEMA}.1.1", tags=["error"])
OTHER_TYPE = kind(
    "errors.other_type", "A number, a text or an object where an error has another type: one gateway's error is not another's.",
    f"{_SCHEMA}.1.1", tags=["error", "type"],
)  # fmt: skip
ADDED = kind(
    "errors.unknown_member", "A further member of an error, such as a trace id.", "RFC 9457, section 3.2", tags=["error"]
)
HTML = kind(
    "errors.html_page", "A gateway's own page for an error under the vendor's JSON type.", "RFC 9110, section 15.6.3", _ODD,
    ["error", "parser"],
)  # fmt: skip
EMPTY = kind(
    "errors.no_byte", "A status of failure and not one byte of the documented error.", "RFC 9110, section 8.6", _ODD, ["error"]
)
TEXT = kind(
    "errors.text_alone", "The error's words as JSON text alone, as a framework's default has it.", "RFC 8259, section 2", _ODD,
    ["error", "type"],
)  # fmt: skip
CUT_OFF = kind(
    "errors.cut_off", "The connection ended within the error: the status says more than the body.",
    "RFC 9112, section 8, Handling Incomplete Messages", _ODD, ["error", "parser"],
)  # fmt: skip
PROBLEM = kind(
    "errors.problem_details", "An error as RFC 9457 has it, where the vendor documents another envelope.", "RFC 9457, section 3",
    _ODD, ["error"],
)  # fmt: skip
KINDS: tuple[Kind, ...] = (MISSING, NULL, OTHER_TYPE, ADDED, HTML, EMPTY, TEXT, CUT_OFF, PROBLEM)


def edges(place: PayloadField, base: Base) -> Iterator[Edge]:
    """Yields the kinds for an error and its members; none for a success."""
    if not base.is_error:
        return
    if place.parts:
        yield from _of_member(place)
        return
    data = json.dumps(base.payload, ensure_ascii=False).encode()
    yield Edge(HTML, Whole(b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"))
    yield Edge(EMPTY, Whole(b""))
    yield Edge(TEXT, Whole(b'"specimen"'))
    yield Edge(CUT_OFF, Whole(data[: len(data) * 2 // 3]))
    yield Edge(PROBLEM, {"type": "about:blank", "title": "specimen", "status": base.status})


def _of_member(place: PayloadField) -> Iterator[Edge]:
    if not place.is_present or place.is_twin:
        return
    if not place.name.isdigit():
        yield Edge(MISSING, ABSENT)
    if place.value is not None:
        yield Edge(NULL, None)
        yield Edge(OTHER_TYPE, 7 if isinstance(place.value, (str, dict, list)) else "specimen")
    if isinstance(place.value, dict):
        yield Edge(ADDED, {**place.value, "specimen_unknown": "specimen"})

"""Streams of events: line ends, comments, fields, events over several lines, and events that are none."""

from __future__ import annotations

from collections.abc import Iterator

from specimen.contracts.payloads.model.case_types import EITHER, REJECT, VERDICTS, Edge, Kind, kind
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.mutations import Whole
from specimen.contracts.payloads.model.valid_payloads import Base
from specimen.specs.loading.openapi import EVENT_STREAM

_HTML = "WHATWG HTML, section 9.2.6, Interpreting an event stream"
_FIELDS = "WHATWG HTML, section 9.2.5, Parsing an event stream"


def _stream(name: str, rationale: str, source: str = _HTML, claims: tuple[str, ...] = VERDICTS, *tags: str) -> Kind:
    return kind(f"streams.{name}", rationale, source, claims, ("stream", *tags))


CR_LF = _stream("cr_lf", "Lines that end as HTTP's do: a split at two line feeds finds no event.", _FIELDS)
CR = _stream("cr", "Lines that end in a carriage return alone, which is a line end too.", _FIELDS)
BOM = _stream(
    "byte_order_mark", "One byte order mark before the stream is dropped: it is no part of the first field's name.", _FIELDS
)
COMMENTS = _stream("comments", "Lines that begin with a colon keep the connection alive and are no events.")
TWO_LINES = _stream(
    "data_in_two_lines", "An event whose data came in two lines: they are joined by a line feed, within the JSON."
)
NO_SPACE = _stream("no_space", "No space behind the colon: one space is taken away if there is one, and none is needed.")
ID_AND_RETRY = _stream("id_and_retry", "An id and a time to wait, which a client sends and obeys when it connects again.")
NAMED = _stream("named_event", "An event with the name that events without one have: listeners for messages get it.")
OTHER_NAME = _stream(
    "other_event_name", "An event of another name: a listener for messages never sees it.", claims=(EITHER, REJECT)
)
UNKNOWN_FIELD = _stream("unknown_field", "A field that the standard does not know is passed over.")
TWICE = _stream("twice_after_a_reconnect", "The last event again, as a server sends it to a client that connects anew.")
UNFINISHED = _stream(
    "unfinished_event", "The stream ended before the blank line: the last event is dropped, though it came whole.",
    claims=(EITHER, REJECT),
)  # fmt: skip
NO_EVENT = _stream("no_event", "A stream that ends with comments alone: not one event.", claims=(EITHER, REJECT))
HALF_JSON = _stream("half_of_the_json", "An event whose data was cut off.", _HTML, (REJECT, EITHER), "parser")
TWO_EVENTS = _stream(
    "json_over_two_events", "A blank line within the JSON: two events, and neither of them JSON.", _HTML, (REJECT, EITHER),
    "parser",
)  # fmt: skip
EMPTY_DATA = _stream(
    "empty_data", "A data field without a value is an event with an empty text.", _HTML, (REJECT, EITHER), "parser"
)
KINDS: tuple[Kind, ...] = (
    CR_LF, CR, BOM, COMMENTS, TWO_LINES, NO_SPACE, ID_AND_RETRY, NAMED, OTHER_NAME, UNKNOWN_FIELD, TWICE, UNFINISHED, NO_EVENT,
    HALF_JSON, TWO_EVENTS, EMPTY_DATA,
)  # fmt: skip


def edges(place: PayloadField, base: Base) -> Iterator[Edge]:
    """Yields the kinds for a stream; none for another answer."""
    if not base.is_stream or place.parts:
        return
    text = base.payload.decode()
    *before, last = [event for event in text.split("\n\n") if event]
    cut = last.index(",") + 1  # between two members of the JSON
    start = "".join(f"{event}\n\n" for event in before)
    for found, made in (
        (CR_LF, text.replace("\n", "\r\n")),
        (CR, text.replace("\n", "\r")),
        (BOM, f"\ufeff{text}"),
        (COMMENTS, f": keep-alive\n\n{text}:\n\n"),
        (TWO_LINES, f"{start}{last[:cut]}\ndata: {last[cut:]}\n\n"),
        (NO_SPACE, text.replace("data: ", "data:")),
        (ID_AND_RETRY, f"{start}id: 7\nretry: 3000\n{last}\n\n"),
        (NAMED, f"{start}event: message\n{last}\n\n"),
        (OTHER_NAME, f"{start}event: specimen\n{last}\n\n"),
        (UNKNOWN_FIELD, f"{start}specimen: 1\n{last}\n\n"),
        (TWICE, f"{text}{last}\n\n"),
        (UNFINISHED, f"{text}{last}"),
        (NO_EVENT, ": keep-alive\n\n"),
        (HALF_JSON, f"{start}{last[: len(last) * 2 // 3]}\n\n"),
        (TWO_EVENTS, f"{start}{last[:cut]}\n\ndata: {last[cut:]}\n\n"),
        (EMPTY_DATA, f"{text}data\n\n"),
    ):
        yield Edge(found, Whole(made.encode(), EVENT_STREAM))

"""Reads server-sent events, and finds their schema."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from specimen.specs import Document, Operation
from specimen.specs.core.json_pointer import escape
from specimen.specs.loading.openapi import EVENT_STREAM

__all__ = ["EVENT_STREAM", "EventReader", "event_pointer", "events"]


_DATA = re.compile(rb"^data:.*[\r\n]", re.MULTILINE)


class EventReader:
    """Reads a stream piece by piece (WHATWG HTML, section 9.2.6, "Interpreting an event stream").

    Lines end at LF, CR or CRLF and nowhere else, and one byte order mark at the beginning is dropped. Bytes that are not UTF-8
    become U+FFFD.
    """

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
        self._after_cr = False
        self._line: list[str] = []
        self._data: list[str] = []

    def feed(self, piece: bytes) -> Iterator[str]:
        """The data of each event that is whole with this piece; comments, other fields and events without data are left out."""
        text = self._decode(piece)
        if not text:
            return
        if self._after_cr:
            text = text.removeprefix("\n")
        self._after_cr = text.endswith("\r")
        first, *others = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._line.append(first)
        for begun in others:
            line, self._line = "".join(self._line), [begun]
            if line:
                name, _, value = line.partition(":")
                if name == "data":
                    self._data.append(value.removeprefix(" "))
            elif self._data:
                data, self._data = "\n".join(self._data), []
                yield data


def events(body: bytes) -> Iterator[str]:
    """The data of each event of a body; an unfinished one at its end is left out."""
    return EventReader().feed(body)


def has_data(body: bytes) -> bool:
    """Whether a line of data is in a stream, in an event or in none."""
    return _DATA.search(body) is not None


def event_pointer(document: Document, operation: Operation | None, status: int) -> str | None:
    """The JSON pointer of the schema (`x-event-schema`) of the events that an operation answers with, or None."""
    if operation is None or str(status) not in operation.responses:
        return None
    node = document.raw["paths"][operation.path][operation.method]["responses"][str(status)]
    if "x-event-schema" not in node.get("content", {}).get(EVENT_STREAM, {}):
        return None
    place = f"/paths/{escape(operation.path)}/{operation.method}/responses/{status}"
    return f"{place}/content/{escape(EVENT_STREAM)}/x-event-schema"

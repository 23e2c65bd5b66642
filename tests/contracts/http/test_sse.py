"""Event streams are read as the HTML standard says, whole or in pieces, by everyone who looks at them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen.contracts.anonymize.anonymizer import Anonymizer
from specimen.contracts.client.transport import Transport
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.sse import EventReader, events
from specimen.specs import load
from tests.contracts.operation_requests import ask

# What an event's data may hold that a parser of its own could trip over.
_PIECES = st.sampled_from(
    [
        "data",
        "data:",
        "data: ",
        "event: x",
        ": keep-alive",
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "\ufeff",
        "\u2028",
        "\v",
        "\x85",
        "é",
        "😀",
    ]
)
STREAMS = st.one_of(
    st.binary(max_size=60),
    st.lists(_PIECES, max_size=30).map(lambda pieces: "".join(pieces).encode()),
    st.lists(_PIECES | st.binary(max_size=3).map(lambda raw: raw.decode("latin-1")), max_size=20).map(
        lambda pieces: "".join(pieces).encode("utf-8")[1:]
    ),
)
CASES = {
    "one BOM is dropped": ("\ufeffdata: a\n\n", ["a"]),
    "a second BOM belongs to the field's name": ("\ufeff\ufeffdata: a\n\n", []),
    "a later BOM belongs to the field's name": ("data: a\n\n\ufeffdata: b\n\n", ["a"]),
    "a line separator ends no line": ("data: a\u2028data: b\n\n", ["a\u2028data: b"]),
    "a vertical tab ends no line": ("data: a\vb\n\n", ["a\vb"]),
    "a form feed, a file separator, a next line end none": ("data: a\fb\x1cc\x85d\n\n", ["a\fb\x1cc\x85d"]),
    "carriage returns end lines": ("data: a\rdata: b\r\r", ["a\nb"]),
    "line ends of all three kinds mix": ("data: a\r\ndata: b\n\rdata: c\r\n\r\n", ["a\nb", "c"]),
    "one space is dropped": ("data:  a\n\n", [" a"]),
    "a field without a colon has no value": ("data\ndata\n\n", ["\n"]),
    "data that is empty is an event": ("data:\n\n", [""]),
    "comments and other fields are none": (": data: a\nevent: x\nid: 7\nretry: 1\n\n", []),
    "names are case-sensitive": ("Data: a\n data: b\n\n", []),
    "an unfinished event is left out": ("data: a\n\ndata: b\n", ["a"]),
}


def exchange(body: bytes) -> Exchange:
    """A stream of predicate's that was seen."""
    return Exchange(
        provider=load("predicate"), method="GET", path="/api/v1/kyc/status/realtime/individual/x", query="", request_headers={},
        request_body=b"", status=200, response_headers={"content-type": "text/event-stream; charset=utf-8"}, response_body=body,
        at=0,
    )  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), CASES.values(), ids=CASES)
def test_events__by_the_standard(text: str, wanted: list[str]) -> None:
    """WHATWG HTML, 9.2.6: LF, CR and CRLF alone end a line; one BOM at the beginning is no part of the stream."""
    assert list(exchange(text.encode()).events) == wanted
    assert list(events(text.encode())) == wanted


def test_events__are_the_same_for_the_judge_and_the_anonymizer() -> None:
    """What the rules read is what is recorded."""
    seen = exchange("\ufeffdata: null\rdata: \r\rdata: 1\u2028\n\ndata: true\r\n\r\n".encode())
    recorded = Anonymizer(load("predicate"), b"secret").exchange(seen)
    assert len(recorded.events) == len(seen.events) == 3
    assert recorded.events[2] == seen.events[2] == "true"


@given(STREAMS)
def test_law__as_the_grammar_reads_it(body: bytes) -> None:
    """The same events as the standard's lines and fields, taken one after the other with a pattern."""
    text = body.decode("utf-8", "replace")
    lines = re.split("\r\n|\n|\r", text.removeprefix("\ufeff"))[:-1]
    found, data = [], ""
    for line in lines:
        if line == "":
            if data:
                found.append(data.removesuffix("\n"))
            data = ""
        elif match := re.fullmatch("data(?:: ?(.*))?", line, re.DOTALL):
            data += (match[1] or "") + "\n"
    assert list(events(body)) == found


@given(STREAMS, st.data())
def test_law__pieces_do_not_matter(body: bytes, data: st.DataObject) -> None:
    """However a stream is cut into pieces, inside a character or a line's end too, it tells the same events."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    reader = EventReader()
    pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert [event for piece in pieces for event in reader.feed(piece)] == list(events(body))


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_transport__reads_to_the_first_event(line_end: str) -> None:
    """An endless stream is left when its first event is whole, whatever ends its lines; a comment is none."""
    left: list[str] = []

    def endless() -> Iterator[bytes]:
        yield f": hello{line_end}{line_end}".encode()
        for number in range(3):
            yield f"data: {number}{line_end}{line_end}".encode()
            left.append(str(number))

    answer = httpx.Response(200, headers={"content-type": "Text/Event-Stream"}, content=endless())
    sender = Transport("http://127.0.0.1:9", "predicate", transport=httpx.MockTransport(lambda _: answer))
    found = ask(sender, "streamStatus", path={"type": "individual", "sessionId": "x"})
    assert [json.loads(event) for event in found.events] == [0]
    assert left == []

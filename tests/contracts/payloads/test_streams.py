"""Streams of events, read by a second reader that is written from the standard."""

from __future__ import annotations

import json

import pytest

from specimen import specs
from specimen.contracts.payloads import Case
from specimen.contracts.payloads.families import streams
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT
from tests.contracts.payloads.catalogues import catalogue
from tests.contracts.payloads.independent_grammar import event_stream


def everything() -> dict[str, Case]:
    """The cases of this family, by the kind's name."""
    found = [case for name in specs.names() for case in catalogue(name).cases if case.kind.startswith("streams.")]
    return {case.kind.removeprefix("streams."): case for case in found}


# What a reader gets beside the events of the valid stream.
SAME = ("cr_lf", "cr", "byte_order_mark", "comments", "no_space", "id_and_retry", "named_event", "unknown_field")


def test_kinds__each_is_somewhere() -> None:
    """No kind is dead."""
    assert {f"streams.{name}" for name in everything()} == {kind.id for kind in streams.KINDS}


@pytest.mark.parametrize("name", SAME)
def test_streams__that_are_only_written_otherwise_are_accepted(name: str) -> None:
    """Another text, the same events."""
    case = everything()[name]
    assert case.payload != case.base.payload
    assert event_stream(case.payload) == event_stream(case.base.payload) != []
    assert (case.verdict, case.content_type) == (ACCEPT, "text/event-stream")


def test_streams__of_other_events() -> None:
    """The same JSON over two lines, an event twice, dropped or under another name; and data that is no JSON."""
    valid = event_stream(everything()["cr"].base.payload)

    def read(name: str) -> list[str]:
        return event_stream(everything()[name].payload)

    assert list(map(json.loads, read("data_in_two_lines"))) == list(map(json.loads, valid))
    assert "\n" in read("data_in_two_lines")[-1]
    assert read("twice_after_a_reconnect") == [*valid, valid[-1]]
    assert read("unfinished_event") == valid
    assert everything()["unfinished_event"].payload.decode().endswith(valid[-1])
    assert read("other_event_name") == [*valid[:-1], "specimen!"]
    assert read("no_event") == []
    assert read("empty_data") == [*valid, ""]
    assert "".join(read("json_over_two_events")[-2:]) == valid[-1]
    assert valid[-1].startswith(read("half_of_the_json")[-1])
    verdicts = {name: case.verdict for name, case in everything().items()}
    assert {verdicts[name] for name in ("half_of_the_json", "json_over_two_events", "empty_data")} == {REJECT}
    assert {verdicts[name] for name in ("unfinished_event", "other_event_name", "no_event")} == {EITHER}

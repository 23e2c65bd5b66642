"""Rules of faults: their form, the requests that they are for, and their files."""

from __future__ import annotations

from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen.mockserver.preferences.faults import rules
from specimen.mockserver.preferences.faults.rules import FaultRule, InvalidFault


@given(seed=st.integers(0, 99), share=st.floats(0.05, 0.95))
def test_share__is_drawn_by_the_seed(seed: int, share: float) -> None:
    """About so many of the requests are meant, and the same ones each time."""
    rule = FaultRule("one", "reset", {}, {"share": share, "seed": seed})
    drawn = [rule.is_due(number) for number in range(1, 401)]
    assert drawn == [FaultRule("one", "reset", {}, {"share": share, "seed": seed}).is_due(number) for number in range(1, 401)]
    assert abs(sum(drawn) / 400 - share) < 0.15


@given(after=st.integers(0, 5), count=st.integers(1, 5))
def test_count__begins_after(after: int, count: int) -> None:
    """So many are left alone, then so many are meant."""
    rule = FaultRule("one", "reset", {}, {"after": after, "count": count})
    assert [rule.is_due(number) for number in range(1, 15)] == [after < number <= after + count for number in range(1, 15)]


def test_share_and_count__mean_so_many_of_the_drawn() -> None:
    """The count is of requests that are meant."""
    rule = FaultRule("one", "reset", {}, {"share": 0.3, "count": 4})
    assert sum(rule.is_due(number) for number in range(1, 300)) == 4


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({}, True),
        ({"provider": "kayle"}, True),
        ({"provider": "kyve"}, False),
        ({"operation": "getSession"}, True),
        ({"operation": "listSessions"}, False),
        ({"session": "vs_1"}, True),
        ({"session": "vs_2"}, False),
    ],
)
def test_fits__by_provider_operation_and_session(match: dict[str, str], fits: bool) -> None:
    """All that the match says must be so."""
    assert FaultRule("one", "reset", {}, match).fits("kayle", "getSession", ("/kayle/v1/sessions/vs_1", "", "")) is fits


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "expected an object"),
        ({"kind": "explode"}, "there is none"),
        ({"kind": "status"}, "status"),
        ({"kind": "status", "status": 200}, "400"),
        ({"kind": "reset", "seconds": 3}, "seconds"),
        ({"kind": "delay", "seconds": -1}, "seconds"),
        ({"kind": "reset", "match": {"share": 2}}, "match/share"),
        ({"kind": "reset", "match": {"sessoin": "x"}}, "match"),
        ({"kind": "reset", "id": "no spaces"}, "id"),
    ],
)
def test_parsed__says_what_is_wrong(value: object, message: str) -> None:
    """The place is named."""
    with pytest.raises(InvalidFault, match=message):
        rules.parsed(value)


@pytest.mark.parametrize("text", ["reset", "status:503", "delay:0.5", "drift:KAY-004", "script:created+503", "stale:60"])
def test_from_text__names_kind_and_value(text: str) -> None:
    """What a header says is a rule of the schema."""
    rule = rules.from_text(text)
    assert rule.kind == text.partition(":")[0]
    assert rules.parsed(rule.as_json()) == rule


@pytest.mark.parametrize("text", ["", "explode", "reset:3", "status:x", "status:200", "delay"])
def test_from_text__refuses(text: str) -> None:
    """Unknown kinds, and values that they do not take."""
    with pytest.raises(InvalidFault):
        rules.from_text(text)


def test_file__is_read_and_checked(tmp_path: Path) -> None:
    """JSON and YAML; a preset goes by its name; mistakes name the file."""
    file = tmp_path / "faults.yaml"
    file.write_text("faults:\n  - {kind: reset, match: {share: 0.5}}\n", encoding="utf-8")
    assert [rule["kind"] for rule in rules.read(str(file))] == ["reset"]
    assert rules.read("chaos") == rules.presets()["chaos"]
    twice = "faults: [{kind: reset, id: a}, {kind: reset, id: a}]"
    for text in ("faults: 3", "faults: [{kind: x}]", "faults: []\nmore: 1", twice):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(InvalidFault, match=r"faults\.yaml"):
            rules.read(str(file))
    with pytest.raises(InvalidFault, match="Did you mean 'chaos'"):
        rules.read("chaso")


def test_schema__takes_what_is_parsed() -> None:
    """The schema for editors and the parser agree on the presets, and each kind has its words."""
    validator = jsonschema_rs.Draft202012Validator(dict(rules.schema()))
    for preset in rules.presets().values():
        rules.parsed_all(preset)
        assert validator.is_valid({"faults": preset})
    assert not validator.is_valid({"faults": [{"kind": "reset", "seconds": 1}]})
    for kind in rules.kinds().values():
        assert kind.summary.endswith(".")
        assert kind.value is None or kind.value in kind.parameters

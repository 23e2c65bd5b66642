"""What one JSON reader holds and another cannot is a note, and hides no other fault."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from specimen import specs
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import judge
from specimen.contracts.judge.severity import ERROR, NOTE
from specimen.contracts.judge.validation.readable import readable
from tests.contracts.golden_exchanges import Stage


@pytest.mark.parametrize(
    ("name", "place", "text", "severities"),
    [
        pytest.param("idnow", "flowVersion", "1e400", {NOTE}, id="a number without a bound"),
        pytest.param("kayle", "nfc_tries_used", "1e400", {ERROR}, id="a number beyond its maximum"),
        pytest.param("neurovision", "clientUser", '"\\ud83d"', set(), id="half of a pair in any text"),
        pytest.param("neurovision", "clientId", '"\\ud83d"', {ERROR}, id="half of a pair in a documented pattern"),
    ],
)
def test_judge__takes_what_no_double_and_no_utf_8_holds_for_what_it_may_be(name, place, text, severities) -> None:
    """Infinity is our reader's, not the vendor's; a documented bound or pattern still speaks."""
    found = Stage(specs.load(name)).read()
    body = json.loads(found.response_body)
    (body.get("data", body))[place] = "@here@"
    spoiled = replace(found, response_body=json.dumps(body).replace('"@here@"', text).encode())
    assert {one.severity for one in judge(spoiled, History())} == severities


def test_readable__changes_nothing_else() -> None:
    """Numbers, texts and names that every reader holds stay as they are; what is too deep does too."""
    value = {"a": [1, -0.5, 10**400, "\U0001f600", None, True], "ä": {}}
    assert readable(value) == value
    assert readable(json.loads('{"\\ud83d": [-1e400, "x\\udc00"]}')) == {"\ufffd": [-1.7976931348623157e308, "x\ufffd"]}
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    assert readable(deep) is deep

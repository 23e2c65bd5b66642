"""The bytes of an answer's body: parts that many sessions share are encoded once, and shown as they are."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from specimen.fixtures.recipes.recipe import Moving
from specimen.mockserver.sessions.response_template import ResponseTemplate

VALUES = st.recursive(
    st.none() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


def frozen(value: Any) -> Any:
    """The value with each object behind a mapping that cannot be written to."""
    if isinstance(value, dict):
        return MappingProxyType({name: frozen(inner) for name, inner in value.items()})
    return [frozen(inner) for inner in value] if isinstance(value, list) else value


@given(st.lists(VALUES, max_size=100))
def test_template__shared_parts(values: list[Any]) -> None:
    """Each is shown as it is, the first time and again, of more parts than are kept."""
    parts = [frozen(value) for value in values]
    for _ in range(2):
        for value, part in zip(values, parts, strict=True):
            assert json.loads(ResponseTemplate({"a": part, "b": [part]}).render(0)) == {"a": value, "b": [value]}


def test_template__gap_in_a_shared_part() -> None:
    """What moves with each read does so in such a part too."""
    template = ResponseTemplate({"a": MappingProxyType({"at": Moving(lambda now: now)})})
    assert [json.loads(template.render(now)) for now in (1, 2)] == [{"a": {"at": 1}}, {"a": {"at": 2}}]

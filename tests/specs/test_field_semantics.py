"""What fields hold, as field_semantics.yaml says it."""

from __future__ import annotations

import pytest

from specimen.specs import SpecError
from specimen.specs.loading.field_semantics import FieldMeaning, FieldSemantics, read_field_semantics

PAYLOAD = {
    "data": [{"name": "a", "inner": {"name": "b"}}, {"name": "c"}],
    "fields": [{"title": "Surname", "value": "ROE"}, {"title": "Number", "value": "1"}],
}


def holding(pattern: str) -> FieldMeaning:
    """A pattern that says text."""
    return FieldMeaning(tuple(pattern.split("/")[1:]), "text")


@pytest.mark.parametrize(
    ("pattern", "place", "fits"),
    [
        ("/data/*/name", "/data/0/name", True),
        ("/data/*/name", "/data/0/inner/name", False),
        ("/data/**/name", "/data/0/inner/name", True),
        ("/**/name", "/data/1/name", True),
        ("/**/name", "/data/1", False),
        ("/fields/[title=Surname]/value", "/fields/0/value", True),
        ("/fields/[title=Surname]/value", "/fields/1/value", False),
        ("/fields/[title=Surname]", "/fields/0", True),
        ("/**/[title=Number]/value", "/fields/1/value", True),
        ("/data", "/data", True),
        ("/data", "/data/0", False),
        ("/data/0/name/more", "/data/0/name", False),
    ],
)
def test_pattern__fits_what_it_says(pattern, place, fits) -> None:
    """One part, any number of parts, an item with a member."""
    parts = tuple(place.split("/")[1:])
    assert holding(pattern).fits(parts, PAYLOAD) is fits
    assert (FieldSemantics((holding(pattern),)).at(parts, PAYLOAD) is not None) is fits


def test_contents__the_first_pattern_counts() -> None:
    """So that a particular one stands before a general one."""
    first, second = FieldMeaning(("data", "*", "name"), "given_names"), FieldMeaning(("**", "name"), "text")
    found = FieldSemantics((first, second))
    assert found.at(("data", "0", "name"), PAYLOAD) is first
    assert found.at(("data", "0", "inner", "name"), PAYLOAD) is second
    assert found.at((), PAYLOAD) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/name: famly_name\n", "Did you mean 'family_name'"),
        ("name: text\n", "'name' is no JSON pointer"),
        ("/a//b: text\n", "is no JSON pointer"),
        ("[1, 2]\n", "expected a mapping"),
    ],
)
def test_contents__a_mistake_is_said_with_its_file(text, says, tmp_path) -> None:
    """Where, what, and what was meant."""
    path = tmp_path / "field_semantics.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=r"field_semantics\.yaml") as caught:
        read_field_semantics(path)
    assert says in str(caught.value)


def test_contents__none_is_no_mistake(tmp_path) -> None:
    """A provider need not have the file."""
    assert read_field_semantics(tmp_path / "field_semantics.yaml").entries == ()

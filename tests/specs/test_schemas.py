"""Validators of a document, its strict overlay, and the names of its rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from specimen import specs
from specimen.specs.core.json_pointer import escape
from specimen.specs.loading.openapi import Document
from specimen.specs.loading.schemas import Schemas, closed, is_rule, rules

RULE = {
    "title": "ABC-001 reason is set exactly when the state is bad",
    "if": {"properties": {"state": {"const": "bad"}}, "required": ["state"]},
    "then": {"properties": {"reason": {"type": "string", "x-closed": True}}},
    "else": {"properties": {"reason": {"type": "null"}}},
}
ANSWER = {
    "type": "object",
    "x-closed": True,
    "required": ["state", "reason"],
    "properties": {
        "state": {"enum": ["good", "bad"]},
        "reason": {"type": ["string", "null"]},
        "more": {"$ref": "#/components/schemas/More"},
    },
    "allOf": [RULE],
    "if": {"x-closed": True, "properties": {"state": {"const": "good"}}},
    "then": {"x-closed": True, "properties": {"reason": {}}},
    "not": {"x-closed": True, "required": ["never"]},
}
MORE = {"type": "object", "x-closed": True, "properties": {"n": {"type": "integer"}}}


def _schemas(*, strict: bool, **schemas: Any) -> Schemas:
    return Schemas(Document({"openapi": "3.1.0", "components": {"schemas": schemas}}, Path("a")), strict=strict)


def _valid(schemas: Schemas, value: Any, name: str = "Answer") -> bool:
    return schemas.validator(f"/components/schemas/{name}").is_valid(value)


@pytest.mark.parametrize(
    ("value", "is_open_valid", "is_strict_valid"),
    [
        ({"state": "good", "reason": None}, True, True),
        ({"state": "good", "reason": None, "added": 1}, True, False),
        ({"state": "good", "reason": None, "more": {"n": 1}}, True, True),
        ({"state": "good", "reason": None, "more": {"n": 1, "added": 1}}, True, False),
        ({"state": "good", "reason": "x"}, False, False),
        ({"state": "bad", "reason": None}, False, False),
        ({"state": "bad", "reason": "x"}, True, True),
        ({"state": "bad", "reason": "x", "never": 1}, False, False),
    ],
)
def test_strict_overlay__closes_marked_schemas_only(value: Any, is_open_valid: bool, is_strict_valid: bool) -> None:
    """The contract takes added fields, the overlay none, and both keep every condition."""
    assert _valid(_schemas(strict=False, Answer=ANSWER, More=MORE), value) is is_open_valid
    assert _valid(_schemas(strict=True, Answer=ANSWER, More=MORE), value) is is_strict_valid


def test_strict_overlay__never_closes_conditions_or_rules() -> None:
    """Under if, then, else, not and titled entries nothing is closed; the document itself stays as it was."""
    raw = {"components": {"schemas": {"Answer": ANSWER, "More": MORE}}}
    copy = closed(raw)
    answer = copy["components"]["schemas"]["Answer"]
    assert answer["unevaluatedProperties"] is False
    assert copy["components"]["schemas"]["More"]["unevaluatedProperties"] is False
    for keyword in ("if", "then", "not"):
        assert answer[keyword] == ANSWER[keyword]
    assert answer["allOf"] == [RULE]
    assert "unevaluatedProperties" not in raw["components"]["schemas"]["Answer"]


@pytest.mark.parametrize("strict", [False, True])
def test_rule__fires_under_both(strict: bool) -> None:
    """A broken rule gives its title, found from the failing schema's path, in the contract and under the overlay."""
    schemas = _schemas(strict=strict, Answer=ANSWER, More=MORE)
    for value in ({"state": "bad", "reason": None}, {"state": "good", "reason": "x"}):
        titles = {schemas.rule_title(error) for error in schemas.validator("/components/schemas/Answer").iter_errors(value)}
        assert RULE["title"] in titles


def test_rule__title_through_references() -> None:
    """The title is found where the rule stands behind a reference, and None where no rule broke."""
    outer = {"type": "object", "properties": {"inner": {"$ref": "#/components/schemas/Answer"}, "n": {"type": "integer"}}}
    schemas = _schemas(strict=False, Answer=ANSWER, More=MORE, Outer=outer)
    errors = list(
        schemas.validator("/components/schemas/Outer").iter_errors({"inner": {"state": "bad", "reason": None}, "n": "x"})
    )
    assert {schemas.rule_title(error) for error in errors} == {RULE["title"], None}


def test_rule__what_is_one() -> None:
    """A rule's title begins with three capitals, a hyphen, three digits and a space."""
    cases = {"ABC-001 a": True, "ABC-01 ab": False, "abc-001 a": False, "ABC-001a b": False, "Answer": False, "ABC-001 ": False}
    assert {title: is_rule({"title": title}) for title in cases} == cases
    assert not is_rule({"title": 1})
    assert [rule["title"] for rule in rules({"x": [{"y": RULE}], "z": {"title": "no rule"}})] == [RULE["title"]]


@pytest.mark.parametrize("pattern", ["^a+$", r"^vs_[a-z]{2}$"])
def test_pattern__trailing_newline_is_refused(pattern: str) -> None:
    """`^…$` takes no trailing newline, which Python's own `$` lets pass."""
    validator = _schemas(strict=False, Id={"type": "string", "pattern": pattern}).validator("/components/schemas/Id")
    good = "aaa" if pattern == "^a+$" else "vs_ab"
    assert validator.is_valid(good)
    assert not validator.is_valid(good + "\n")


def test_format__is_checked() -> None:
    """Formats are rules, not notes: a UUID in braces or as a URN is none."""
    validator = _schemas(strict=False, Id={"type": "string", "format": "uuid"}).validator("/components/schemas/Id")
    good = "0193f1c7-4b0e-4c6a-9d2e-0a1b2c3d4e5f"
    assert validator.is_valid(good)
    for bad in (f"{{{good}}}", f"urn:uuid:{good}", f"{good}\n", f" {good}", good.replace("-", "")):
        assert not validator.is_valid(bad), bad


def test_pointer__with_braces_and_percent() -> None:
    """Places whose keys hold braces, slashes or percent signs are found."""
    raw = {"openapi": "3.1.0", "paths": {"/a/{id}/50%": {"get": {"operationId": "a", "schema": {"type": "integer"}}}}}
    schemas = Schemas(Document(raw, Path("a")))
    validator = schemas.validator(f"/paths/{escape('/a/{id}/50%')}/get/schema")
    assert validator.is_valid(1)
    assert not validator.is_valid("1")


def _places(node: Any, pointer: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(node, Mapping):
        yield pointer, node
        for key, value in node.items():
            yield from _places(value, f"{pointer}/{escape(str(key))}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _places(value, f"{pointer}/{index}")


@pytest.mark.parametrize("name", specs.names())
def test_strict_overlay__no_rule_is_touched(name: str) -> None:
    """In every provider's overlay the named rules are word for word those of the contract."""
    provider = specs.load(name)
    assert list(rules(provider.strict_schemas.raw)) == list(rules(provider.document.raw))
    for pointer, node in _places(provider.strict_schemas.raw):
        if node.get("x-closed") is True:
            assert node.get("unevaluatedProperties") is False, pointer


@pytest.mark.parametrize("name", specs.names())
def test_rules__compile_and_are_numbered_once(name: str) -> None:
    """Every named rule of a provider compiles, and no id names two different rules."""
    provider = specs.load(name)
    titles: dict[str, str] = {}
    for pointer, node in _places(provider.document.raw):
        if is_rule(node):
            provider.schemas.validator(pointer)
            assert titles.setdefault(node["title"][:7], node["title"]) == node["title"]
    assert titles

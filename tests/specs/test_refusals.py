"""Whatever a document refuses is said by a page, by another public source, follows from words, or is marked as our assumption."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from specimen import specs
from specimen.specs.loading.openapi import mark_at
from specimen.specs.loading.schemas import is_rule

REFUSING = frozenset(
    """pattern format enum const not contains propertyNames minimum maximum exclusiveMinimum exclusiveMaximum multipleOf
    minLength maxLength minItems maxItems uniqueItems minProperties maxProperties""".split()  # noqa: SIM905 - of JSON Schema
)
_DATA = frozenset({"value", "example", "examples", "const", "default", "enum", "x-assumed"})
# What gives each mark its ground.
_GROUNDS = {"P": {"x-source"}, "I": {"x-quote"}, "A": {"x-reason"}}
WORDS = yaml.safe_load(Path(__file__).with_name("refusals.yaml").read_text(encoding="utf-8"))
NAMES = [name for name in specs.names() if specs.load(name).is_builtin]


class Refusal(NamedTuple):
    """A keyword at a place that refuses values, with its mark and what is said beside the mark."""

    at: str
    keyword: str
    mark: str
    grounds: frozenset[str]


def refusals(node: Any, way: tuple[str, ...] = (), mark: str = "D", grounds: frozenset[str] = frozenset()) -> Iterator[Refusal]:
    """Yields every refusing keyword outside named rules, which have marks of their own and tests for them."""
    if isinstance(node, list):
        for index, entry in enumerate(node):
            yield from refusals(entry, (*way, str(index)), mark, grounds)
    if not isinstance(node, Mapping) or is_rule(node):
        return
    if "x-provenance" in node:
        mark, grounds = mark_at(node, ""), frozenset(node)
    for keyword in sorted(REFUSING & node.keys()) if way[-1:] != ("properties",) else ():
        own = frozenset({"x-reason"}) if node.get("x-assumed", {}).get(keyword) else frozenset(node) | grounds
        yield Refusal("/".join(way), keyword, "A" if mark_at(node, keyword) == "A" else mark, own)
    for name, entry in node.items():
        if name not in _DATA:
            yield from refusals(entry, (*way, name), mark, grounds)


@pytest.mark.parametrize("name", NAMES)
def test_refusals__each_has_its_ground(name: str) -> None:
    """A mark has its source, quote or reason; what has none is in the table, with the page's words."""
    rows = [(re.compile(row["at"]), set(row["refuses"]), row["words"]) for row in WORDS[name]]
    used: set[int] = set()
    for refusal in refusals(specs.load(name).document.raw):
        if refusal.mark != "D":
            assert _GROUNDS[refusal.mark] & refusal.grounds or "x-source" in refusal.grounds, refusal
            continue
        fits = {index for index, (at, keywords, _) in enumerate(rows) if at.fullmatch(refusal.at) and refusal.keyword in keywords}
        assert fits, f"{refusal}: which words of the page refuse it? Name them in refusals.yaml, or mark it in openapi.yaml."
        used |= fits
    assert used == set(range(len(rows)))
    assert all(words for _, _, words in rows)


def test_refusals__an_assumed_keyword_is_one_that_stands_beside_it() -> None:
    """`x-assumed` names keywords of its own schema, each with a reason, and stands in no rule and no parameter."""
    for name in NAMES:
        for way, node in _with_assumed(specs.load(name).document.raw):
            assert node["x-assumed"].keys() <= REFUSING & node.keys(), way
            assert all(isinstance(reason, str) and len(reason) > 20 for reason in node["x-assumed"].values()), way
            assert not is_rule(node), way
            assert "parameters" not in way, way


def _with_assumed(node: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    if isinstance(node, Mapping) and "x-assumed" in node:
        yield way, node
    entries = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ()
    for name, entry in entries:
        yield from _with_assumed(entry, (*way, str(name)))

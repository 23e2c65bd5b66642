"""The kinds of edge cases: each is used, each says why, and what could not be made into a case is accounted for."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from specimen import specs
from specimen.contracts.payloads import families
from specimen.contracts.payloads.generate.making import LeftOut
from specimen.contracts.payloads.model.case_types import FAMILIES, VERDICTS, Kind
from tests.contracts.payloads.catalogues import catalogue

# Names of states are spelled as in the document.
_ID = re.compile(r"[a-z]+\.[a-z0-9]+([_.-][A-Za-z0-9]+)*")
# Kinds and reasons that are no case, and why that is right: (pattern of the kind, pattern of the reason, why).
ALLOWED: tuple[tuple[str, str, str], ...] = (
    (
        r"(structure|wallets|links|dates|identifiers)\..*",
        r"would be refused by [A-Z]{3}-\d{3}, whatever (its form|stands there)",
        "another wallet or id than was asked for, a time before another one: no such kind says that",
    ),
    (r"structure\.number_1e400", r"breaks several rules: .*NEU-0(04|11|29)", "longer than the session, and beyond a double"),
    (
        r"dates\.moment_(in_an?_.*|year_.*|before_.*|after_.*|epoch|leap_.*|fraction_rounds_up)",
        r"breaks several rules: (GEN-04\d|IDN-010|KAY-01\d|KYV-005|NEU-012)",
        "another instant, before or after several of the other times",
    ),
    (r"dates\.moment_.*", r"breaks several rules: IDN-022, IDN-016", "later than the session, and than a step that counts more"),
    (r"structure\.long_array", r"breaks several rules: GEN-042, .*", "a list longer than its limit repeats its entries too"),
)


def declared() -> dict[str, list[Kind]]:
    """The kinds that the families' modules hold, by family."""
    every = [
        kind
        for module in pkgutil.walk_packages(families.__path__, f"{families.__name__}.")
        for value in vars(importlib.import_module(module.name)).values()
        for kind in kinds_in(value)
    ]
    names = sorted({kind.family for kind in every})
    return {name: [kind for kind in dict.fromkeys(every) if kind.family == name] for name in names}


def kinds_in(value: Any) -> Iterator[Kind]:
    """The kinds in whatever holds them."""
    if isinstance(value, Kind):
        yield value
    elif isinstance(value, Mapping):
        yield from kinds_in(list(value.values()))
        yield from kinds_in(list(value))
    elif isinstance(value, (list, tuple, set, frozenset)):
        for entry in value:
            yield from kinds_in(entry)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from kinds_in([getattr(value, field.name) for field in fields(value)])


def test_kinds__say_what_they_are() -> None:
    """An id of the family's, of no other kind; a sentence and a source of its own; at least one verdict."""
    seen: dict[str, Kind] = {}
    assert set(declared()) == set(FAMILIES)
    for family, every in declared().items():
        for kind in every:
            assert _ID.fullmatch(kind.id), kind.id
            assert seen.setdefault(kind.id, kind) is kind, f"{kind.id} is declared twice"
            assert kind.claims, kind.id
            assert kind.claims <= set(VERDICTS), kind.id
            assert len(kind.rationale) > 20, kind.id
            assert kind.rationale.endswith("."), kind.id
            assert len(kind.source) > 5, kind.id
            assert family not in kind.tags, f"{kind.id}: the family is a tag of its own"
    rationales = [kind.rationale for kind in seen.values()]
    assert len(rationales) == len(set(rationales)), {each for each in rationales if rationales.count(each) > 1}


def test_kinds__each_makes_a_case_somewhere() -> None:
    """No kind is dead: some provider has a field to which it applies."""
    used = {case.kind for name in specs.names() for case in catalogue(name).cases}
    known = {kind.id for every in declared().values() for kind in every}
    assert known - used == set()
    # What a rule of a provider forbids is a kind that is made from the rule; tests of the family look after those.
    assert {kind for kind in used - known if not kind.startswith("state.")} == set(), "kinds that no module holds"


@pytest.mark.parametrize("name", specs.names())
def test_left_out__is_only_what_cannot_be(name) -> None:
    """What applies to a field and yet is no case there is in the reviewed table."""
    strange = [entry for entry in catalogue(name).left_out if not is_allowed(entry, ALLOWED)]
    lines = [f"{entry.id}: {entry.reason}" for entry in strange]
    assert not strange, f"{len(strange)} left out:\n" + "\n".join(line[:300] for line in lines[:10])


def test_left_out__table_has_no_dead_rows() -> None:
    """Each row is about something."""
    every = [entry for name in specs.names() for entry in catalogue(name).left_out]
    assert [row for row in ALLOWED if not any(is_allowed(entry, [row]) for entry in every)] == []


def is_allowed(entry: LeftOut, rows: Iterable[tuple[str, str, str]]) -> bool:
    """Whether one of the rows is about what was left out."""
    kind = entry.id.rpartition(":")[2]
    return any(re.fullmatch(kinds, kind) and re.match(reason, entry.reason) for kinds, reason, _ in rows)

"""A kind that made no case in one payload is tried in the next one at less cost, and the catalogue is the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from specimen import specs
from specimen.contracts.payloads import Case, LeftOut
from specimen.contracts.payloads.generate import catalogue
from specimen.contracts.payloads.generate.catalogue import of_bases, ways
from specimen.contracts.payloads.generate.making import case, is_still_left_out
from specimen.contracts.payloads.model.case_types import edges_of
from specimen.contracts.payloads.model.valid_payloads import NOW, RESPONSE

# Payloads of an operation: enough that kinds which failed in one are tried in another.
_MOST = 3


# The families of kinds that other rules refuse, whatever their form.
_FAMILIES = ("dates", "identifiers", "links")


def reads() -> Iterator[tuple[str, str]]:
    """Each operation that shows a session, with its provider."""
    for name in specs.names():
        yield from dict.fromkeys((name, read.operation) for read in specs.load(name).lifecycle.reads)


@pytest.mark.sample(1)
@pytest.mark.parametrize("family", _FAMILIES)
@pytest.mark.parametrize(("name", "operation"), list(reads()))
def test_left_out_again__is_what_making_the_case_says(
    name: str, operation: str, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cases and what was left out are those of trying each kind in full."""
    monkeypatch.setattr(catalogue, "edges", lambda place, base: edges_of(family, place, base))
    asked = {"operation": operation, "direction": RESPONSE, "status": None, "seed": 0, "now": NOW}
    bases = [list(found)[:_MOST] for found in ways(specs.load(name), **asked)]

    def made() -> tuple[list[Case], list[LeftOut]]:
        left_out: list[LeftOut] = []
        return [one for found in bases for one, _, _ in of_bases(found, left_out)], left_out

    quick = made()
    monkeypatch.setattr(catalogue, "is_still_left_out", lambda *_: False)
    assert made() == quick


def test_left_out_again__is_said_of_most_kinds_that_fail_twice() -> None:
    """Kayle's read: what another rule refuses whatever its form in one state, it refuses in the next one; no case is lost."""
    bases = next(iter(ways(specs.load("kayle"), operation="getSession", direction=RESPONSE, status=None, seed=0, now=NOW)))
    first, second = list(bases)[:2]
    before = {
        (place.label, edge.kind.id): case(first, place, edge)
        for place in first.places()
        for edge in edges_of("dates", place, first)
    }
    failed = [
        (place, edge, made)
        for place in second.places()
        for edge in edges_of("dates", place, second)
        if isinstance(made := before.get((place.label, edge.kind.id)), LeftOut) and made.broken
    ]
    said = [(place, edge) for place, edge, made in failed if is_still_left_out(second, place, edge, made)]
    assert len(said) > len(failed) * 3 / 4 > 0
    assert not any(isinstance(case(second, place, edge), Case) for place, edge in said)

"""The whole catalogue of each provider, made once for all tests of a process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from specimen import specs
from specimen.contracts.payloads import Case, LeftOut
from specimen.contracts.payloads.generate.catalogue import cases
from specimen.contracts.payloads.model.valid_payloads import NOW, REQUEST, RESPONSE
from specimen.specs import Provider

_SHOWN = 10


class Catalogue(NamedTuple):
    """A provider's cases, what could not be made into one, and what is the payload of another one."""

    cases: tuple[Case, ...]
    left_out: tuple[LeftOut, ...]
    twins: tuple[LeftOut, ...]


@cache
def _part(name: str, operation: str, direction: str, **more: Any) -> tuple[tuple[Case, ...], tuple[LeftOut, ...]]:
    left_out: list[LeftOut] = []
    return tuple(cases(specs.load(name), operation=operation, direction=direction, left_out=left_out, **more)), tuple(left_out)


def made_once(
    provider: Provider,
    *,
    operation: str | None = None,
    direction: str | None = None,
    left_out: list[LeftOut] | None = None,
    **more: Any,
) -> Iterator[Case]:
    """What the catalogue gives, in parts that are made once for all tests of a process: see test_repeatable.py for why it may."""
    for found, described in provider.document.operations.items():
        if operation is None and described.part is not None:
            continue
        for way in (REQUEST, RESPONSE):
            if operation in (None, found) and direction in (None, way):
                made, others = _part(provider.name, found, way, **dict(sorted(more.items())))
                yield from made
                if left_out is not None:
                    left_out += others


@cache
def catalogue(name: str) -> Catalogue:
    """The catalogue of the provider with that name."""
    left_out: list[LeftOut] = []
    found = tuple(made_once(specs.load(name), seed=0, now=NOW, status=None, left_out=left_out))
    return Catalogue(
        found,
        tuple(entry for entry in left_out if entry.same_as is None),
        tuple(entry for entry in left_out if entry.same_as is not None),
    )


def check_all(found: Iterable[Case], broken: Callable[[Case], Iterator[str]]) -> int:
    """Holds every case against a promise, and fails with the first ten that break it; gives how many there were."""
    failures, count = [], 0
    for case in found:
        count += 1
        failures += [f"{case.id} ({case.verdict}): {what}" for what in broken(case)]
    assert not failures, f"{len(failures)} broken:\n" + "\n".join(line[:400] for line in failures[:_SHOWN])
    return count


def read(payload: Any) -> Any:
    """A payload as JSON: of bytes the value that they stand for.

    Raises:
        ValueError: they stand for none.
    """
    if not isinstance(payload, bytes):
        return payload
    try:
        return json.loads(payload.decode("utf-8", "surrogatepass"))
    except RecursionError as error:
        raise ValueError("nested too deep to be read") from error

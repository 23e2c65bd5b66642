"""The whole catalogue of each provider, made once for all tests of a process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from specimen import specs
from specimen.contracts.payloads import Case, LeftOut, cases

_SHOWN = 10


class Catalogue(NamedTuple):
    """A provider's cases, what could not be made into one, and what is the payload of another one."""

    cases: tuple[Case, ...]
    left_out: tuple[LeftOut, ...]
    twins: tuple[LeftOut, ...]


@cache
def catalogue(name: str) -> Catalogue:
    """The catalogue of the provider with that name."""
    left_out: list[LeftOut] = []
    found = tuple(cases(specs.load(name), left_out=left_out))
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

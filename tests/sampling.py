"""Chooses which variants of a test `make test` runs; the others are marked `long` and run in `make test-long`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from zlib import crc32

import pytest

from specimen import specs

COLLECTED = pytest.StashKey[dict[str, "Function"]]()


class Variant(NamedTuple):
    """A variant of a test: the provider that it is of, its label, and the values of its parameters."""

    provider: str | None
    label: str
    values: frozenset[Hashable] = frozenset()


@dataclass
class Function:
    """A test function as it was collected: the providers of its variants, by whether `make test` runs them."""

    reasons: set[str] = field(default_factory=set)
    quick: list[str | None] = field(default_factory=list)
    long: list[str | None] = field(default_factory=list)


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks what was collected, and keeps what it was."""
    config.stash[COLLECTED] = mark(items)


def provider_of(parameters: Mapping[str, Any], label: str, providers: Sequence[str]) -> str | None:
    """The provider that a variant is of: a parameter's value or a word of its label names it."""
    named = [value for value in parameters.values() if isinstance(value, str) and value in providers]
    return next(iter(named or [word for word in re.findall(r"[a-z0-9]+", label) if word in providers]), None)


def sampled(variants: Iterable[Variant], count: int) -> set[str]:
    """The labels of the variants that are kept: `count` of each provider, the same ones in any order and on any machine.

    Of several parameters as many values as possible are among them.
    """
    kept, shown, left = set[str](), set[Hashable](), defaultdict[str | None, int](lambda: count)
    waiting = sorted(variants, key=lambda variant: (crc32(variant.label.encode()), variant.label))
    while waiting := [variant for variant in waiting if left[variant.provider]]:
        found = max(waiting, key=lambda variant: len(variant.values - shown))
        waiting.remove(found)
        left[found.provider] -= 1
        kept.add(found.label)
        shown |= found.values
    return kept


def mark(items: Sequence[pytest.Item]) -> dict[str, Function]:
    """Marks `long` what no sample holds; gives each function as it then is."""
    providers, functions = specs.names(), defaultdict[str, list[tuple[Variant, pytest.Item]]](list)
    for item in items:
        name, _, label = item.nodeid.partition("[")
        call = getattr(item, "callspec", None)
        parameters = call.params if call else {}
        # The values of a parameter are the same objects in all variants, and not all can be hashed.
        values = frozenset((key, id(value)) for key, value in parameters.items())
        functions[name].append((Variant(provider_of(parameters, label, providers), label, values), item))
    found = {}
    for name, variants in functions.items():
        entry = found[name] = Function()
        marker = variants[0][1].get_closest_marker("sample")
        kept = sampled([variant for variant, _ in variants], *marker.args) if marker else None
        for variant, item in variants:
            if kept is not None and variant.label not in kept:
                item.add_marker(pytest.mark.long("`make test` runs a sample"))
            entry.reasons.update(_reasons(item))
            (entry.long if item.get_closest_marker("long") else entry.quick).append(variant.provider)
    return found


def mistakes(functions: Mapping[str, Function]) -> Iterator[str]:
    """Functions of which `make test` runs too little: nothing without a reason, or nothing of a provider that they have."""
    for name, entry in functions.items():
        if "" in entry.reasons:
            yield f"{name}: expected a reason, pytest.mark.long('why')"
        missing = {provider for provider in entry.long if provider} - set(entry.quick)
        if entry.quick and missing:
            yield f"{name}: `make test` runs it for {sorted(set(map(str, entry.quick)))} and not for {sorted(missing)}"


def _reasons(item: pytest.Item) -> Iterator[str]:
    for marker in item.iter_markers("long"):
        yield str(marker.args[0] if marker.args else "").strip()

"""Matches cases by the patterns of kinds, tags and fields, and rejects patterns that match nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import chain, count
from typing import NamedTuple

from specimen.contracts.payloads.generate.making import case_id
from specimen.contracts.payloads.model.case_types import FAMILIES, Kind, edges
from specimen.contracts.payloads.model.event_payloads import event_types, events
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.valid_payloads import Base, errors, requests, responses, streams
from specimen.specs import Provider, SpecimenError
from specimen.specs.core.errors import did_you_mean

WHOLE = frozenset({".", "/"})
_MOST_PROPOSED = 3


def is_of_kind(kind: str, word: str) -> bool:
    """Whether a word matches a kind: by its id, its family's name, or a pattern such as `names.*`."""
    return word in (kind, kind.partition(".")[0]) or fnmatchcase(kind, word)


def is_at(pointer: str, dotted: str, word: str) -> bool:
    """Whether a word matches a field, given as a JSON pointer and as it stands in ids (`data.status`).

    A word is one of these, or such a place above it, or a field's name; `.` and `/` are the whole body alone.
    """
    if word in WHOLE:
        return pointer == ""
    if word.startswith("/"):
        return pointer == word or pointer.startswith(f"{word.rstrip('/')}/")
    return word in pointer.split("/") or dotted == word or dotted.startswith(f"{word}.")


def place_of(name: str) -> str:
    """Returns the field in the id of a case."""
    return name.split(":")[1]


def check_words(
    providers: Sequence[Provider],
    *,
    tags: Sequence[str] = (),
    kinds: Sequence[str] = (),
    fields: Sequence[str] = (),
    of_events: bool = False,
) -> None:
    """Checks that each word matches something in the catalogue of one of the providers.

    Raises:
        SpecimenError: a word matches nothing; the message has the nearest ones.
    """
    known_tags = {*FAMILIES, *(state for provider in providers for state in provider.lifecycle.states)}
    known_kinds: set[str] = set()
    known_fields: dict[str, str] = {}
    left_tags, left_kinds, left_fields = set(tags) - known_tags, set(kinds) - set(FAMILIES), set(fields) - WHOLE
    if not (left_tags or left_kinds or left_fields):
        return
    for entry in chain.from_iterable(_vocabulary(provider, of_events) for provider in providers):
        known_fields.setdefault(entry.pointer, entry.dotted)
        left_fields = {word for word in left_fields if not is_at(entry.pointer, entry.dotted, word)}
        for kind in entry.kinds:
            known_kinds.add(kind.id)
            known_tags.update(kind.tags)
            left_kinds = {word for word in left_kinds if not is_of_kind(kind.id, word)}
        left_tags -= known_tags
        if not (left_tags or left_kinds or left_fields):
            return
    who = providers[0].name if len(providers) == 1 else "no provider"
    has = "has none" if len(providers) == 1 else "has one"
    if left_tags:
        word = min(left_tags)
        raise SpecimenError(f"tag '{word}': {who} {has}. {did_you_mean(word, known_tags)}")
    if left_kinds:
        word = min(left_kinds)
        raise SpecimenError(f"kind '{word}': {who} {has}. {_nearest_kinds(word, known_kinds)}")
    word = min(left_fields)
    names = {name for pointer in known_fields for name in pointer.split("/")}
    possible = known_fields if word.startswith("/") else {*known_fields.values(), *names} - {"", "."}
    raise SpecimenError(f"field '{word}': {who} {has}. Nearest: {', '.join(_nearest(word, possible, 0.0))}.")


class _Entry(NamedTuple):
    """A field of a provider's payloads, and those of its kinds that no field before it has."""

    pointer: str
    dotted: str
    kinds: tuple[Kind, ...]


class _Vocabulary:
    """The fields and kinds of a provider: found when they are asked for, and once."""

    def __init__(self, provider: Provider, of_events: bool) -> None:
        self._found: list[_Entry] = []
        self._rest = self._entries(_places_of_events(provider) if of_events else _places(provider))

    def __iter__(self) -> Iterator[_Entry]:
        for number in count():
            if number == len(self._found):
                entry = next(self._rest, None)
                if entry is None:
                    return
                self._found.append(entry)
            yield self._found[number]

    @staticmethod
    def _entries(places: Iterator[tuple[Base, PayloadField]]) -> Iterator[_Entry]:
        seen: set[tuple[str, str]] = set()
        known: set[str] = set()
        for base, place in places:
            every = list(edges(place, base))
            new = {edge.kind.id: edge.kind for edge in every if edge.kind.id not in known}
            if new or (every and (place.pointer, place.label) not in seen):
                seen.add((place.pointer, place.label))
                known.update(new)
                yield _Entry(place.pointer, place_of(case_id(base, place, every[0])), tuple(new.values()))


@lru_cache(maxsize=32)
def _vocabulary(provider: Provider, of_events: bool) -> _Vocabulary:
    return _Vocabulary(provider, of_events)


def _places(provider: Provider) -> Iterator[tuple[Base, PayloadField]]:
    for operation in provider.document.operations.values():
        for shown in (requests, responses, errors, streams):
            for base in shown(provider, operation):
                yield from ((base, place) for place in base.places())


def _places_of_events(provider: Provider) -> Iterator[tuple[Base, PayloadField]]:
    for kind in event_types(provider):
        for base in events(provider, kind):
            yield from ((base, place) for place in base.places())


def _nearest(word: str, possible: set[str] | dict[str, str], cutoff: float) -> list[str]:
    return get_close_matches(word, sorted(possible), n=_MOST_PROPOSED, cutoff=cutoff)


def _nearest_kinds(word: str, known: set[str]) -> str:
    close = _nearest(word, {*known, *FAMILIES}, 0.6)
    if not close:
        return f"The families of kinds are {', '.join(FAMILIES)}."
    proposed = " or ".join(f"'{name}'" for name in close)
    return f"Did you mean {proposed}?"

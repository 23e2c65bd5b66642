"""Redacts answers for reports: their shape stays, with the terms of the contract only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from specimen.contracts.redaction.values import Terms, fingerprint, redacted, words
from specimen.specs import Provider

_MOST_ITEMS = 3
_MOST_DEPTH = 12


@cache
def vocabulary(provider: Provider) -> Terms:
    """Returns names of fields, values of enumerations, states, media types and the texts of the document's error examples."""
    terms = words(provider)
    found = {*terms}
    for operation in provider.document.operations.values():
        for response in operation.responses.values():
            found.update(media.content_type for media in response.media)
            if response.status >= "4":
                found.update(text for media in response.media for text in strings(list(media.examples.values())))
    return Terms.of(found, terms.beginnings)


def shape(value: Any, known: frozenset[str], pointer: str = "") -> Any:
    """Returns a JSON value in which every text that is not the contract's is a fingerprint."""
    if isinstance(value, Mapping):
        if pointer.count("/") >= _MOST_DEPTH:
            return redacted(value, pointer, known)
        return {
            name if name in known else f"#{fingerprint(str(name))}": shape(inner, known, f"{pointer}/{name}")
            for name, inner in value.items()
        }
    if isinstance(value, list):
        more = [f"and {len(value) - _MOST_ITEMS} more"] if len(value) > _MOST_ITEMS else []
        if pointer.count("/") >= _MOST_DEPTH:
            return redacted(value, pointer, known)
        return [*(shape(inner, known, f"{pointer}/0") for inner in value[:_MOST_ITEMS]), *more]
    if isinstance(value, str) and value in known:
        return value
    shown = redacted(value, pointer, known)
    return value if shown == json.dumps(value) else shown


def strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value, names of fields left aside."""
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, Mapping):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def named_strings(value: Any) -> Iterator[tuple[str, str]]:
    """Yields every text in a JSON value, in its order, with the name of the field that holds it, or that holds its list."""
    waiting = [("", value)]
    while waiting:
        name, node = waiting.pop()
        if isinstance(node, str):
            yield name, node
        elif isinstance(node, Mapping):
            waiting.extend((str(key), inner) for key, inner in reversed([*node.items()]))
        elif isinstance(node, list):
            waiting.extend((name, inner) for inner in reversed(node))


def field_names(value: Any) -> Iterator[str]:
    """Every field's name in a JSON value."""
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            yield from map(str, node)
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)

"""What belongs to one session alone: its tokens, its links, the ids of what was made for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.memory import once_an_exchange
from specimen.contracts.judge.history.session_objects import SessionObject, request_names, session_objects
from specimen.specs.core.json_pointer import escape

SECRET = re.compile(r"\w*(?:token|secret)", re.IGNORECASE)
_OWN = re.compile(r"\w*(?:url|link|token|secret)|qr_?code|(?:session|verification|data_?block|check|attempt)_?id", re.IGNORECASE)
# A part of a link that chance does not make twice.
_OPAQUE = re.compile(r"(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{12,}")
_SHORTEST = 8
_DEEPEST = 6
_WALKED = (str, dict, list)


class OwnValue(NamedTuple):
    """A value that is one session's own, with its pointer, the name that it stands under, and the session's id."""

    pointer: str
    name: str
    value: str
    session: str


@once_an_exchange
def own_values(exchange: Exchange) -> tuple[OwnValue, ...]:
    """The values of an answer that no other session may have.

    What the caller may have sent is passed over, and a link in which nothing tells one from another.
    """
    theirs = request_names(exchange.provider)
    found: list[OwnValue] = []
    for shown in session_objects(exchange):
        _collect(found, shown, shown.members, (), "", theirs)
    return tuple(found)


def _collect(
    found: list[OwnValue], shown: SessionObject, node: Any, parts: tuple[str, ...], name: str, theirs: frozenset[str]
) -> None:
    """Adds the own values of a part of a session; of a list's entries the name is the list's."""
    if isinstance(node, str):
        if len(node) >= _SHORTEST and node != shown.id and _is_own(name, node):
            pointer = "".join(f"/{escape(part)}" for part in parts)
            found.append(OwnValue(shown.pointer + pointer, name, node, shown.id))
    elif len(parts) > _DEEPEST:
        return
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if key not in theirs and isinstance(value, _WALKED):
                _collect(found, shown, value, (*parts, key), key, theirs)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            if isinstance(value, _WALKED):
                _collect(found, shown, value, (*parts, str(index)), name, theirs)


def _is_own(name: str, value: str) -> bool:
    if value.startswith(("http://", "https://")):
        return _OPAQUE.search(value) is not None
    return _is_own_name(name)


@lru_cache(maxsize=4096)
def _is_own_name(name: str) -> bool:
    return _OWN.fullmatch(name) is not None

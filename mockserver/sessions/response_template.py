"""A rendered response body with gaps for the fields that differ from read to read."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from msgspec import Raw
from msgspec.json import Encoder

from specimen.fixtures.recipes.recipe import Moving
from specimen.mockserver.http.messages import encode, plain

_GAP = re.compile(rb'"\\u0000moving (\d+)\\u0000"')


class _Moves(Exception):
    """A payload has fields that differ from read to read."""


# What many sessions keep of the same template, with its bytes; each answer shows it. Nothing changes what such a mapping shows.
_MOST_SHARED = 64
_shared: dict[int, tuple[MappingProxyType[Any, Any], Raw]] = {}


def _still(value: Any) -> Any:
    if type(value) is MappingProxyType:
        found = _shared.get(id(value))
        if found is None or found[0] is not value:
            if len(_shared) >= _MOST_SHARED:
                _shared.clear()
            found = _shared[id(value)] = value, Raw(_encode_still(value.copy()))
        return found[1]
    if isinstance(value, Moving):
        raise _Moves
    return plain(value)


_encode_still: Callable[[Any], bytes] = Encoder(enc_hook=_still).encode


class ResponseTemplate:
    """A payload encoded once; `render` fills the gaps."""

    __slots__ = ("_gaps", "_pieces")

    _pieces: list[bytes]
    _gaps: list[Callable[[int], Any]]

    def __init__(self, body: Any) -> None:
        try:
            self._pieces, self._gaps = [_encode_still(body)], []
        except _Moves:
            self._split(body)

    def _split(self, body: Any) -> None:
        gaps: list[Callable[[int], Any]] = []

        def gap(value: Any) -> Any:
            if not isinstance(value, Moving):
                return plain(value)
            gaps.append(value.value)
            return f"\0moving {len(gaps) - 1}\0"

        encoded = Encoder(enc_hook=gap).encode(body)
        pieces = _GAP.split(encoded) if gaps else [encoded]
        self._pieces = pieces[0::2]
        self._gaps = [gaps[int(index)] for index in pieces[1::2]]

    def render(self, now: int) -> bytes:
        """The payload's bytes as read at `now` (milliseconds since the epoch)."""
        if not self._gaps:
            return self._pieces[0]
        out = [self._pieces[0]]
        for gap, piece in zip(self._gaps, self._pieces[1:], strict=True):
            out.append(encode(gap(now)))
            out.append(piece)
        return b"".join(out)


def rendered(body: Any, now: int) -> bytes:
    """A payload's bytes as read at `now`, where it is read once."""
    try:
        return _encode_still(body)
    except _Moves:
        return ResponseTemplate(body).render(now)

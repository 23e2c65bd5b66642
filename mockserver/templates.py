"""The rendered answer of a phase, with gaps for the fields that move with every read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from fixtures.recipe import Moving
from mockserver.reply import encode

_GAP = re.compile(rb'"\\u0000moving (\d+)\\u0000"')


class Template:
    """A payload encoded once; `render` fills in what moves."""

    __slots__ = ("_gaps", "_pieces")

    def __init__(self, body: Any) -> None:
        gaps: list[Callable[[int], Any]] = []

        def plain(value: Any) -> Any:
            if isinstance(value, Moving):
                gaps.append(value.value)
                return f"\0moving {len(gaps) - 1}\0"
            if isinstance(value, MappingProxyType):
                return value.copy()  # ten times quicker than dict(value)
            if isinstance(value, Mapping):
                return dict(value)
            raise TypeError(f"{type(value).__name__} is no JSON value")

        encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=plain).encode()
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

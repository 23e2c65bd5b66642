"""A session as a read shows it, beside what the same read showed before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.fields import is_read, read_of
from specimen.contracts.judge.history import History
from specimen.specs.core.json_pointer import at

_UPDATED = re.compile(r"(?:last_?)?(?:updated|modified)_?at", re.IGNORECASE)


class ConsecutiveReads(NamedTuple):
    """The operation, the pointer of the session's object, its members in the read before and now, and the exchange before."""

    operation: str
    place: str
    before: Mapping[str, Any]
    now: Mapping[str, Any]
    earlier: Exchange

    @property
    def updated(self) -> str | None:
        """The member with the time of the last change, or None."""
        return next((name for name in self.now if _UPDATED.fullmatch(name)), None)


def consecutive_reads(exchange: Exchange, history: History) -> ConsecutiveReads | None:
    """Returns a read with the last one before it of the same operation and session; None where there is none."""
    read = read_of(exchange)
    earlier = history.reads(exchange)[-1:] if is_read(exchange) else ()
    if read is None or read.id is None or not earlier:
        return None
    place = read.id.rpartition("/")[0]
    before, now = at(earlier[0].response_json, place), at(exchange.response_json, place)
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        return None
    return ConsecutiveReads(read.operation, place, before, now, earlier[0])

"""The log of the latest requests, without tokens, bodies or document data."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple


class Entry(NamedTuple):
    """One exchange. `at` is in milliseconds since the epoch; `operation` is None where no operation took the request."""

    at: int
    provider: str
    method: str
    operation: str | None
    status: int
    scenario: str | None


class RequestLog:
    """The last exchanges of a namespace."""

    __slots__ = ("_entries",)

    def __init__(self, most: int) -> None:
        self._entries: deque[tuple[int, str, str, str | None, int, str | None]] = deque(maxlen=most)

    def add(self, at: int, provider: str, method: str, operation: str | None, status: int, scenario: str | None) -> None:
        """Adds an exchange, given by the fields of an `Entry`; the oldest is dropped when there are too many."""
        self._entries.append((at, provider, method, operation, status, scenario))

    def entries(self) -> tuple[Entry, ...]:
        """All entries, oldest first."""
        return tuple([Entry(*entry) for entry in self._entries])

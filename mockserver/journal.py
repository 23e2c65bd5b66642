"""What was asked and answered lately, without tokens, bodies or document data."""

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


class Journal:
    """The last exchanges of a namespace."""

    __slots__ = ("_entries",)

    def __init__(self, most: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=most)

    def add(self, entry: Entry) -> None:
        """Keeps an exchange; the oldest goes when there are too many."""
        self._entries.append(entry)

    def entries(self) -> tuple[Entry, ...]:
        """All that is kept, oldest first."""
        return tuple(self._entries)

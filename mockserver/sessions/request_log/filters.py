"""Which entries of the log a question or a list is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """Entries by what they are about; None is any. `has_problem`: whether the mock refused the request's form."""

    provider: str | None = None
    operation: str | None = None
    session: str | None = None
    method: str | None = None
    path: str | None = None
    status: int | None = None
    fault: str | None = None
    has_problem: bool | None = None

    def misses(self, entry: Entry) -> list[str]:
        """What of the entry is another than asked for."""
        found = [
            name
            for name in ("provider", "operation", "method", "path", "status", "fault")
            if getattr(self, name) is not None and entry[name] != getattr(self, name)
        ]
        if self.session is not None and not _is_about(entry, self.session):
            found.append("session")
        if self.has_problem is not None and (entry["problem"] is not None) != self.has_problem:
            found.append("has_problem")
        return found

    def of(self, entries: Iterable[Entry]) -> list[Entry]:
        """The entries that are asked for."""
        return [entry for entry in entries if not self.misses(entry)]

    def __str__(self) -> str:
        """What is asked for, as messages say it."""
        said = [f"{name} {value}" for name in self.__slots__ if (value := getattr(self, name)) is not None]
        return ", ".join(said) or "any request"


def _is_about(entry: Entry, session: str) -> bool:
    return entry["session"] == session or session in entry["path"] or session in entry["query"]

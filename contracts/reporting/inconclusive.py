"""Steps of a run that were refused for reasons of the caller's account, which say nothing of the implementation."""

from __future__ import annotations

from dataclasses import dataclass

HEADING = "Inconclusive: refused for reasons of the account, which is no violation."


@dataclass(frozen=True, slots=True, order=True)
class Inconclusive:
    """Requests of one step that the account kept from being judged: all in words of the document, without values.

    `code` is the error's constant, empty where the answer shows none that the document has; `remedy` says what to do.
    """

    operation: str
    status: int
    code: str
    reason: str
    step: str
    count: int
    remedy: str

    @property
    def answer(self) -> str:
        """The answer: its status and its code."""
        return f"{self.status} {self.code}".rstrip()


def by_answer(entries: tuple[Inconclusive, ...]) -> list[tuple[Inconclusive, int, tuple[str, ...]]]:
    """Each operation's answers once: the first entry, how many there were, and their steps."""
    groups: dict[tuple[str, str], list[Inconclusive]] = {}
    for entry in entries:
        groups.setdefault((entry.operation, entry.answer), []).append(entry)
    return [(some[0], sum(entry.count for entry in some), tuple(entry.step for entry in some)) for some in groups.values()]

"""The latest exchanges of a server, in the order in which they were answered."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from time import perf_counter_ns, time_ns
from typing import Any, NamedTuple

from specimen.mockserver.http.messages import Problem

# Uploads are large, and heads may be: of all together so much is kept.
MOST_BODY_BYTES = 64 * 1024 * 1024
# Of so many namespaces, the latest, it is known that entries were dropped.
_MOST_NAMES = 1_000


def _behind() -> int:
    """Nanoseconds from `perf_counter` to the machine's clock, by the quickest look at both: a process may be stopped between."""
    looks = []
    for _ in range(9):
        before, real, after = perf_counter_ns(), time_ns(), perf_counter_ns()
        looks.append((after - before, real - (before + after) // 2))
    return min(looks)[1]


# One for the life of the process: entries of processes on one machine are put in order to the microsecond.
_BEHIND = _behind()


def real_ns(moment: float) -> int:
    """A moment of `perf_counter` by the machine's clock, in nanoseconds since the epoch."""
    return round(moment * 1e9) + _BEHIND


def moment_of(real: int) -> float:
    """A moment of the machine's clock as `perf_counter` would give it."""
    return (real - _BEHIND) / 1e9


class Exchange(NamedTuple):
    """One exchange as it was; what of it is shown is masked (`shown.py`).

    `at` is the namespace's time in milliseconds since the epoch, `began` and `ended` are of `perf_counter`; `operation` is None
    where no operation took the request. `problem` is why it was refused, `fault` the id of the rule that was done on it. A body
    is bytes, a JSON value or None.
    """

    at: int
    namespace: str
    provider: str
    method: str
    path: str
    query: bytes
    headers: Mapping[str, str]
    request_body: bytes
    operation: str | None
    status: int
    content_type: str
    body: Any
    scenario: str | None
    problem: Problem | None = None
    fault: str | None = None
    began: float = 0.0
    ended: float = 0.0

    @property
    def milliseconds(self) -> float:
        """How long the answer took, by the machine's clock."""
        return (self.ended - self.began) * 1000 if self.began else 0.0

    @property
    def real_ns(self) -> int:
        """When it was answered, by the machine's clock, in nanoseconds since the epoch."""
        return real_ns(self.ended)


class RequestLog:
    """The last exchanges of all namespaces of a server, so many and so many bytes of bodies; each has a number, from 1.

    One that keeps none is off.
    """

    __slots__ = ("_bytes", "_dropped_of", "_exchanges", "_last_dropped_of", "added", "is_on", "most")

    def __init__(self, most: int) -> None:
        self._exchanges: deque[tuple[int, int, tuple[Any, ...]]] = deque()
        self._dropped_of: dict[str, None] = {}
        self._last_dropped_of: str | None = None
        self.most = most
        self._bytes = 0
        self.added = 0
        self.is_on = most > 0

    def add(self, fields: tuple[Any, ...], body_bytes: int) -> None:
        """Adds an exchange, given by an `Exchange`'s fields in their order; the oldest are dropped when there are too many."""
        self.added = number = self.added + 1
        kept, most, total = self._exchanges, self.most, self._bytes + body_bytes
        kept.append((number, body_bytes, fields))
        while len(kept) > most or total > MOST_BODY_BYTES:
            _, size, dropped = kept.popleft()
            total -= size
            if dropped[1] != self._last_dropped_of:
                self._note_dropped(dropped[1])
        self._bytes = total

    def _note_dropped(self, namespace: str) -> None:
        self._dropped_of.pop(namespace, None)
        self._dropped_of[namespace] = None
        self._last_dropped_of = namespace
        if len(self._dropped_of) > _MOST_NAMES:
            del self._dropped_of[next(iter(self._dropped_of))]

    def has_dropped(self, namespace: str) -> bool:
        """Whether exchanges of a namespace are no longer there, since it began or was cleared."""
        return namespace in self._dropped_of

    def exchanges(self, namespace: str, after: int = 0) -> Iterator[tuple[int, Exchange]]:
        """The numbered exchanges of a namespace whose number is greater than `after`, oldest first."""
        for number, _, fields in tuple(self._exchanges):
            if number > after and fields[1] == namespace:
                yield number, Exchange(*fields)

    def newest(self, namespace: str, after: int, most: int) -> list[tuple[int, Exchange]]:
        """The last numbered exchanges of a namespace after a number, at most so many, oldest first."""
        found: list[tuple[int, Exchange]] = []
        for number, _, fields in reversed(self._exchanges):
            if number <= after or len(found) >= most:
                break
            if fields[1] == namespace:
                found.append((number, Exchange(*fields)))
        return found[::-1]

    def since(self, number: int) -> list[Exchange]:
        """The exchanges after a number, oldest first; those that were dropped meanwhile are not among them."""
        return [Exchange(*fields) for own, _, fields in tuple(self._exchanges) if own > number]

    def clear(self, namespace: str) -> None:
        """Forgets the exchanges of a namespace; numbers go on."""
        kept = [entry for entry in self._exchanges if entry[2][1] != namespace]
        self._exchanges.clear()
        self._exchanges.extend(kept)
        self._dropped_of.pop(namespace, None)
        self._last_dropped_of = None
        self._bytes = sum(entry[1] for entry in kept)

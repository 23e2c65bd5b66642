"""The latest exchanges of a server, in the order in which they were answered."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import count, islice, takewhile
from operator import itemgetter
from threading import Lock
from time import perf_counter_ns, time_ns
from typing import Any, NamedTuple

from specimen.mockserver.http.messages import Problem

# Uploads are large, and heads may be: of all together so much is kept.
MOST_BODY_BYTES = 64 * 1024 * 1024
# What a body that is not rendered yet counts.
SOME_BYTES = 4096
# Of so many namespaces, the latest, it is known that entries were dropped.
_MOST_NAMES = 1_000
# So many values of small exchanges wait to be added together: one exchange at a time costs a read more.
TOGETHER = 4 * 128
_SMALL = 65_536
# Times of so many dropped exchanges, or of as many as are kept, stay until they are dropped together.
_MOST_PAST = 4096


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
    where no operation took the request, `provider` where it reached none. `problem` is why it was refused, `fault` the id of the
    rule that was done on it. A body is bytes, a JSON value or None. `size`: bytes that it counts in the log, by `size_of`.
    """

    namespace: str
    provider: str | None
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
    size: int = 0
    at: int = 0
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


# The fields of an exchange but its times: of a poll that is answered as before they are the same.
Untimed = tuple[Any, ...]
_TIMES = ("at", "began", "ended")
_SIZE, _BODY = (Exchange._fields.index(name) for name in ("size", "body"))
_size = itemgetter(_SIZE)
_namespace = itemgetter(Exchange._fields.index("namespace"))


def size_of(head_bytes: int, raw: bytes, body: Any) -> int:
    """What an exchange counts: its path, query and headers, the request's body and the answer's."""
    return head_bytes + len(raw) + (len(body) if type(body) is bytes else SOME_BYTES)


class RequestLog:
    """The last exchanges of all namespaces of a server, so many and so many bytes of bodies; each has a number, from 1.

    One that keeps none is off. A poll that is answered as before adds three times and a reference: what is kept of the exchange
    itself is the same object.
    """

    __slots__ = (
        "_bytes",
        "_cleared",
        "_dropped_of",
        "_last_dropped_of",
        "_lock",
        "_numbered",
        "_times",
        "_untimed",
        "is_on",
        "most",
        "new",
    )

    def __init__(self, most: int) -> None:
        # By their numbers, the last of which is `_numbered`; None in the place of one that was cleared.
        self._untimed: deque[Untimed | None] = deque()
        self._times = tuple(array("d") for _ in _TIMES)  # of the same, and before them of some that were dropped
        self._cleared = 0
        self._numbered = 0
        # By turns the untimed fields of an exchange and its times. Who has a small exchange may put it here, and calls `settle`
        # when there are `TOGETHER` values; what reads the log settles first.
        self.new: list[Any] = []
        self._dropped_of: dict[str, None] = {}
        self._last_dropped_of: str | None = None
        self._lock = Lock()  # a test may read what its server's thread writes
        self.most = most
        self._bytes = 0
        self.is_on = most > 0

    @property
    def added(self) -> int:
        """How many were ever added."""
        return self._numbered + len(self.new) // (1 + len(_TIMES))

    def add(self, untimed: Untimed, at: int, began: float, ended: float) -> None:
        """Adds an exchange, given by an `Exchange`'s fields in their order."""
        new = self.new
        new += (untimed, at, began, ended)
        if len(new) >= TOGETHER or untimed[_SIZE] > _SMALL:
            self.settle()

    def settle(self) -> None:
        """Adds what is in `new`, and drops the oldest where there are too many."""
        with self._lock:
            new = self.new[:]
            del self.new[: len(new)]
            untimed, *times = (new[place :: 1 + len(_TIMES)] for place in range(1 + len(_TIMES)))
            _share(untimed, self._untimed[-1] if self._untimed else None)
            self._untimed.extend(untimed)
            for kept, added in zip(self._times, times, strict=True):
                kept.extend(added)
            self._numbered += len(untimed)
            self._bytes += sum(map(_size, untimed))
            while (more := len(self._untimed) - self._cleared - self.most) > 0:
                self._drop(more)
            while self._bytes > MOST_BODY_BYTES:
                self._drop(1)

    def _drop(self, count: int) -> None:
        """Drops the first places, so many."""
        first = [self._untimed.popleft() for _ in range(count)]
        dropped = [entry for entry in first if entry is not None]
        self._cleared -= count - len(dropped)
        self._bytes -= sum(map(_size, dropped))
        for name in dict.fromkeys(map(_namespace, dropped)):
            if name != self._last_dropped_of:
                self._note_dropped(name)
        if (past := len(self._times[0]) - len(self._untimed)) > max(_MOST_PAST, len(self._untimed)):
            for kept in self._times:
                del kept[:past]

    def _note_dropped(self, namespace: str) -> None:
        self._dropped_of.pop(namespace, None)
        self._dropped_of[namespace] = None
        self._last_dropped_of = namespace
        if len(self._dropped_of) > _MOST_NAMES:
            del self._dropped_of[next(iter(self._dropped_of))]

    def has_dropped(self, namespace: str) -> bool:
        """Whether exchanges of a namespace are no longer there, since it began or was cleared."""
        self.settle()
        return namespace in self._dropped_of

    def exchanges(self, namespace: str, after: int = 0) -> Iterator[tuple[int, Exchange]]:
        """The numbered exchanges of a namespace whose number is greater than `after`, oldest first."""
        return ((number, exchange) for number, exchange in self._after(after) if exchange.namespace == namespace)

    def newest(self, namespace: str, after: int, most: int) -> list[tuple[int, Exchange]]:
        """The last numbered exchanges of a namespace after a number, at most so many, oldest first."""
        self.settle()
        with self._lock:
            numbered = zip(count(self._numbered, -1), reversed(self._untimed), *map(reversed, self._times), strict=False)
            newer = takewhile(lambda entry: entry[0] > after, numbered)
            of_it = (entry for entry in newer if entry[1] is not None and _namespace(entry[1]) == namespace)
            return [(number, _exchange(entry, *moments)) for number, entry, *moments in islice(of_it, most)][::-1]

    def since(self, number: int) -> list[Exchange]:
        """The exchanges after a number, oldest first; those that were dropped meanwhile are not among them."""
        return [exchange for _, exchange in self._after(number)]

    def _after(self, number: int) -> list[tuple[int, Exchange]]:
        self.settle()
        with self._lock:
            first = self._numbered - len(self._untimed) + 1
            past = len(self._times[0]) - len(self._untimed)
            times = (islice(kept, past, None) for kept in self._times)
            later = islice(zip(count(first), self._untimed, *times, strict=False), max(number + 1 - first, 0), None)
            return [(own, _exchange(entry, *moments)) for own, entry, *moments in later if entry is not None]

    def clear(self, namespace: str) -> None:
        """Forgets the exchanges of a namespace; numbers go on."""
        self.settle()
        with self._lock:
            kept = [None if entry is None or _namespace(entry) == namespace else entry for entry in self._untimed]
            self._untimed = deque(kept)
            self._cleared = kept.count(None)
            self._bytes = sum(_size(entry) for entry in kept if entry is not None)
            self._dropped_of.pop(namespace, None)
            self._last_dropped_of = None


def _share(entries: list[Untimed], last: Untimed | None) -> None:
    """Replaces each entry that equals the one before it by that one: the memory of its copy is still in the processor's cache."""
    for place, entry in enumerate(entries):
        if entry is not last:
            # Values of JSON may be equal that are not the same: 1, 1.0 and true.
            if last is not None and type(entry[_BODY]) is bytes and entry == last and type(last[_BODY]) is bytes:
                entries[place] = last
            else:
                last = entry


def _exchange(untimed: Untimed, at: float, began: float, ended: float) -> Exchange:
    return Exchange._make((*untimed, int(at), began, ended))

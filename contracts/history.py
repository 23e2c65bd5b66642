"""The exchanges that were seen before, by what they were about."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence

from contracts.exchange import Exchange, at

# The state of a session, its first and its latest answers are what rules look at; a long run must not fill the memory.
_MOST_PER_SUBJECT = 200
_MOST_SUBJECTS = 20_000


class History:
    """Earlier exchanges of one run. `add` after judging; rules read what came before."""

    def __init__(self) -> None:
        self._by_subject: defaultdict[str, deque[Exchange]] = defaultdict(lambda: deque(maxlen=_MOST_PER_SUBJECT))

    def add(self, exchange: Exchange) -> None:
        """Keeps an exchange under everything that it is about."""
        for subject in subjects(exchange):
            if subject not in self._by_subject and len(self._by_subject) >= _MOST_SUBJECTS:
                del self._by_subject[next(iter(self._by_subject))]
            self._by_subject[subject].append(exchange)

    def of(self, subject: str) -> Sequence[Exchange]:
        """The exchanges about a subject, oldest first."""
        return tuple(self._by_subject.get(subject, ()))

    def reads(self, exchange: Exchange) -> Sequence[Exchange]:
        """Earlier successful reads of the same thing by the same operation, oldest first."""
        subject = read_subject(exchange)
        return () if subject is None else self.of(subject)

    def created(self, session_id: str) -> Exchange | None:
        """The exchange that made a session, or None."""
        return next(iter(self.of(f"created {session_id}")), None)


def read_subject(exchange: Exchange) -> str | None:
    """What a successful read is a read of: its operation and the id that its answer shows, else the one asked for."""
    operation = exchange.operation
    if operation is None or not exchange.is_success or not isinstance(exchange.response_json, dict):
        return None
    read = next((read for read in exchange.provider.lifecycle.reads if read.operation == operation.id), None)
    if read is None:
        return None
    if read.status is not None and at(exchange.response_json, read.status) is None:
        return None
    asked = "/".join(f"{name}={value}" for name, value in sorted(exchange.parameters.items()))
    shown = at(exchange.response_json, read.id) if read.id is not None else None
    return f"read {operation.id} {shown if shown is not None else asked}"


def subjects(exchange: Exchange) -> Iterator[str]:
    """Everything that an exchange is about."""
    subject = read_subject(exchange)
    if subject is not None:
        yield subject
    operation = exchange.operation
    if operation is None:
        return
    create = exchange.provider.lifecycle.create
    if exchange.is_success and operation.id == create.operation:
        made = at(exchange.response_json, create.session)
        if isinstance(made, str):
            yield f"created {made}"
    key = exchange.request_headers.get("idempotency-key")
    if key:
        yield f"key {operation.id} {exchange.path} {key}"
    yield f"operation {operation.id}"

"""The earlier exchanges of a run, by their subject."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from specimen.contracts.http.exchange import Exchange
from specimen.specs.core.json_pointer import at

# The state of a session, its first and its latest answers are what rules look at; a long run must not fill the memory.
_MOST_PER_SUBJECT = 200
_MOST_SUBJECTS = 20_000


class History:
    """Earlier exchanges of one run. `add` after judging; rules read what came before."""

    def __init__(self) -> None:
        # In the order of their last use.
        self._by_subject: dict[str, deque[Exchange]] = {}

    def add(self, exchange: Exchange) -> None:
        """Adds an exchange under each of its subjects; one without an answer has none."""
        if exchange.failure:
            return
        for subject in subjects(exchange):
            kept = self._by_subject.pop(subject, None)
            if kept is None:
                kept = deque(maxlen=_MOST_PER_SUBJECT)
                if len(self._by_subject) >= _MOST_SUBJECTS:
                    del self._by_subject[next(iter(self._by_subject))]
            kept.append(exchange)
            self._by_subject[subject] = kept

    def of(self, subject: str) -> Sequence[Exchange]:
        """The exchanges about a subject, oldest first."""
        return tuple(self._by_subject.get(subject, ()))

    def reads(self, exchange: Exchange) -> Sequence[Exchange]:
        """Returns earlier reads of the same subject, oldest first; none for an answer asked for with `Prefer`."""
        subject = None if exchange.has_preference else read_subject(exchange)
        return () if subject is None else self.of(subject)

    def calls(self, operation_id: str) -> Sequence[Exchange]:
        """Returns earlier exchanges of an operation, oldest first."""
        return self.of(f"operation {operation_id}")

    def under_key(self, exchange: Exchange) -> Sequence[Exchange]:
        """Earlier calls of the same path by the same caller with the same Idempotency-Key, oldest first."""
        subject = key_subject(exchange)
        return () if subject is None or exchange.has_preference else self.of(subject)

    def created(self, session_id: str) -> Exchange | None:
        """The exchange that made a session, or None."""
        return next(iter(self.of(f"created {session_id}")), None)


def read_subject(exchange: Exchange) -> str | None:
    """Returns the subject of a successful read: its operation and the id that its answer shows, else the one asked for."""
    operation = exchange.operation
    if operation is None or not exchange.is_success:
        return None
    read = next((read for read in exchange.provider.lifecycle.reads if read.operation == operation.id), None)
    if read is None or not isinstance(exchange.response_json, dict):
        return None
    if read.status is not None and at(exchange.response_json, read.status) is None:
        return None
    asked = "/".join(f"{name}={value}" for name, value in sorted(exchange.parameters.items()))
    shown = at(exchange.response_json, read.id) if read.id is not None else None
    return f"read {operation.id} {shown if shown is not None else asked}"


def subjects(exchange: Exchange) -> Iterator[str]:
    """Yields the subjects of an exchange; an answer asked for with `Prefer` shows at most that a session was created."""
    operation = exchange.operation
    if operation is None:
        return
    subject = read_subject(exchange)
    if subject is not None and not exchange.has_preference:
        yield subject
    create = exchange.provider.lifecycle.create
    if exchange.is_success and operation.id == create.operation:
        made = at(exchange.response_json, create.session)
        if isinstance(made, str):
            yield f"created {made}"
    if exchange.has_preference:
        return
    key = key_subject(exchange)
    if key is not None:
        yield key
    yield f"operation {operation.id}"


def key_subject(exchange: Exchange) -> str | None:
    """What an Idempotency-Key stands for: it counts for one path and one caller."""
    key = exchange.request_headers.get("idempotency-key")
    if not key or exchange.operation is None:
        return None
    return f"key {exchange.operation.id} {exchange.path} {exchange.query} {' '.join(_caller(exchange))} {key}"


def same_caller(first: Exchange, second: Exchange) -> bool:
    """Whether two requests show the same credential, in the same namespace of a mock."""
    return _caller(first) == _caller(second)


def _caller(exchange: Exchange) -> tuple[str, str]:
    headers = exchange.request_headers
    return headers.get("authorization", ""), headers.get("specimen-namespace", "")

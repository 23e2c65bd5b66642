"""The earlier exchanges of a run, by their subject."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cache

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.memory import once_an_exchange
from specimen.contracts.judge.history.own_values import own_values
from specimen.specs import Provider
from specimen.specs.core.json_pointer import at

# The state of a session, its first and its latest answers are what rules look at; a long run must not fill the memory.
_MOST_PER_SUBJECT = 200
_MOST_SUBJECTS = 20_000


class History:
    """Earlier exchanges of one run. `add` after judging; rules read what came before."""

    def __init__(self) -> None:
        # In the order of their last use.
        self._by_subject: dict[str, deque[Exchange]] = {}
        # The numbers of the same exchanges in the order in which they were added, where times may be equal.
        self._numbers: dict[str, deque[int]] = {}
        self._added = 0
        # The session that a value was first seen with, and when.
        self.holders: dict[tuple[str, str], tuple[str, float]] = {}
        self._latest = 0.0

    def before(self, exchange: Exchange) -> History:
        """Returns what had ended when an exchange began; two that overlap have no order, whichever answer came first.

        One whose end nobody knows overlaps all that began later.
        """
        return self if exchange.started >= self._latest else _Ended(self, exchange.started)

    @property
    def known(self) -> History:
        """All that was seen, also what overlaps: for what excuses an answer, which may have come first."""
        return self

    def add(self, exchange: Exchange) -> None:
        """Adds an exchange under each of its subjects; one without an answer has none."""
        if exchange.failure:
            return
        self._latest = max(self._latest, exchange.ended)
        self._added += 1
        for subject in subjects(exchange):
            kept, numbers = self._by_subject.pop(subject, None), self._numbers.pop(subject, None)
            if kept is None or numbers is None:
                kept, numbers = deque(maxlen=_MOST_PER_SUBJECT), deque(maxlen=_MOST_PER_SUBJECT)
                if len(self._by_subject) >= _MOST_SUBJECTS:
                    oldest = next(iter(self._by_subject))
                    del self._by_subject[oldest], self._numbers[oldest]
            kept.append(exchange)
            numbers.append(self._added)
            self._by_subject[subject], self._numbers[subject] = kept, numbers
        if exchange.is_success and not exchange.has_preference:
            for own in own_values(exchange):
                if len(self.holders) >= _MOST_SUBJECTS:
                    del self.holders[next(iter(self.holders))]
                self.holders.setdefault((own.name, own.value), (own.session, exchange.ended))

    def of(self, subject: str) -> Sequence[Exchange]:
        """The exchanges about a subject, oldest first."""
        return tuple(self._by_subject.get(subject, ()))

    def after(self, subject: str, other: str) -> Sequence[Exchange]:
        """The exchanges about a subject that came after the last one about another, oldest first; none without that one.

        By the order in which they were added: a clock that stands gives all of them one time.
        """
        first = next((number for number, _ in self.latest_first(other)), None)
        found: list[Exchange] = []
        for number, one in self.latest_first(subject) if first is not None else ():
            if first is None or number <= first:
                break
            found.append(one)
        return found[::-1]

    def latest_first(self, subject: str) -> Iterator[tuple[int, Exchange]]:
        """The exchanges about a subject with the numbers of their order among all that were added, latest first."""
        numbers, kept = self._numbers.get(subject, deque()), self._by_subject.get(subject, deque())
        return zip(reversed(numbers), reversed(kept), strict=True)

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

    def holder(self, name: str, value: str) -> str | None:
        """The id of the session that was first seen with a value of its own under this name, or None."""
        found = self.holders.get((name, value))
        return None if found is None else found[0]

    @property
    def has_holders(self) -> bool:
        """Whether any session was seen with a value of its own."""
        return bool(self.holders)

    def maker(self, shown_id: str, provider: Provider) -> Exchange | None:
        """The exchange that made a session, or the session that names something else of its own by this id; or None."""
        found = self.created(shown_id)
        for kind in provider.lifecycle.ids if found is None else ():
            session = self.holder(f"{kind}_id", shown_id)
            found = found or (self.created(session) if session is not None else None)
        return found

    @property
    def creations(self) -> Sequence[Exchange]:
        """The exchanges that made sessions, also those that were asked for with `Prefer`, oldest first."""
        return self.of("creations")

    def created(self, session_id: str) -> Exchange | None:
        """The exchange that made a session, or None."""
        return next(iter(self.of(f"created {session_id}")), None)


class _Ended(History):
    """The part of a history that had ended at some time."""

    def __init__(self, whole: History, until: int) -> None:
        super().__init__()
        self._whole = whole
        self._until = until

    def of(self, subject: str) -> Sequence[Exchange]:
        """The exchanges about a subject, oldest first."""
        return tuple(one for one in self._whole.of(subject) if one.ended <= self._until)

    def latest_first(self, subject: str) -> Iterator[tuple[int, Exchange]]:
        """The exchanges about a subject with the numbers of their order, latest first."""
        return ((number, one) for number, one in self._whole.latest_first(subject) if one.ended <= self._until)

    def holder(self, name: str, value: str) -> str | None:
        """The id of the session that was first seen with a value of its own under this name, or None."""
        found = self._whole.holders.get((name, value))
        return found[0] if found is not None and found[1] <= self._until else None

    @property
    def known(self) -> History:
        """All that was seen."""
        return self._whole

    @property
    def has_holders(self) -> bool:
        """Whether any session was seen with a value of its own."""
        return self._whole.has_holders


@once_an_exchange
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
            yield "creations"
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
    return f"key {exchange.operation.id} {exchange.path} {exchange.query} {' '.join(caller(exchange))} {key}"


def same_caller(first: Exchange, second: Exchange) -> bool:
    """Whether two requests show the same credential, in the same namespace of a mock."""
    return caller(first) == caller(second)


def caller(exchange: Exchange) -> tuple[str, ...]:
    """The credentials that a request shows, in a header or in its body, and the namespace of a mock."""
    headers, fields = _credentials(exchange.provider)
    shown = [exchange.request_headers.get(name, "") for name in ("specimen-namespace", *headers)]
    return (*shown, *(str(exchange.request_fields.get(name, "")) for name in fields))


@cache
def _credentials(provider: Provider) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The headers and the fields of a body in which the document's security schemes look for a credential."""
    schemes = [*provider.document.raw.get("components", {}).get("securitySchemes", {}).values()]
    named = [scheme["name"].lower() for scheme in schemes if scheme["type"] == "apiKey"]
    fields = [scheme["x-also-in-body"] for scheme in schemes if scheme.get("x-also-in-body")]
    return tuple(dict.fromkeys(("authorization", *named))), tuple(dict.fromkeys(fields))

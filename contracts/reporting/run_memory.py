"""Remembers what a run of ours sent and received."""

from __future__ import annotations

from collections import deque

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.redaction.curl_command import is_secret_field, variable
from specimen.contracts.redaction.spec_terms import named_strings, strings
from specimen.specs import Provider
from specimen.specs.core.json_pointer import at

_MOST_RECEIVED = 100_000
# Earlier exchanges that a finding may rest on.
_MOST_RECENT = 400
_LEAST = 4
LEAST_SECRET = 8
_MOST_CHANGED = 4
_LEAST_ID = 16


class Memory:
    """What a run of ours sent and received, in order: who repeats a request needs to know what of it came from answers."""

    def __init__(self, provider: Provider, known: frozenset[str]) -> None:
        self._provider = provider
        self._known = known
        # Texts of the document and of lifecycle.yaml are public, its examples too.
        self._public = frozenset(strings(provider.document.raw))
        self._sent: set[str] = set()
        self._received: dict[str, set[str]] = {}
        self._issued: dict[str, Exchange] = {}
        self._sessions: dict[str, Exchange] = {}
        # What answers showed in fields for secrets, and the shell variables that stand for them.
        self.secrets: dict[str, str] = {}
        self._recent: deque[Exchange] = deque(maxlen=_MOST_RECENT)

    @property
    def recent(self) -> tuple[Exchange, ...]:
        """The latest exchanges, oldest first."""
        return tuple(self._recent)

    def send(self, exchange: Exchange) -> None:
        """Notes a request: what answers did not show before is the sender's own."""
        self._sent.update(text for text in strings(exchange.request_json) if text not in self._received)

    def receive(self, exchange: Exchange) -> None:
        """Notes an answer."""
        self._recent.append(exchange)
        if len(self._received) >= _MOST_RECEIVED:
            return
        create = self._provider.lifecycle.create
        is_creation = exchange.is_success and exchange.operation is not None and exchange.operation.id == create.operation
        made = at(exchange.response_json, create.session) if is_creation else None
        if isinstance(made, str):
            self._sessions.setdefault(made, exchange)
        for name, text in named_strings(exchange.response_json):
            if len(text) < _LEAST or text in self._known or text in self._sent:
                continue
            self._received.setdefault(text, set()).add(name)
            if is_secret_field(name) and len(text) >= LEAST_SECRET:
                self.secrets.setdefault(text, variable(name))
            if is_creation:
                self._issued.setdefault(text, exchange)

    def is_received(self, text: str) -> bool:
        """Whether an answer showed a text before a request had it."""
        return text in self._received

    def creation(self, text: str) -> Exchange | None:
        """The creation whose answer showed a text first, or the id that a malformed one is made of."""
        made = self._issued.get(text)
        return made or next((one for issued, one in self._sessions.items() if is_made_of(text, issued)), None)

    def is_session(self, text: str) -> bool:
        """Whether a creation of this run showed a text as its session's id."""
        return text in self._sessions

    def session_in(self, text: str) -> str | None:
        """The id of a session of this run that a text is, or is made of."""
        return text if text in self._sessions else next((issued for issued in self._sessions if is_made_of(text, issued)), None)

    def source(self, text: str, like: Exchange | None = None) -> Exchange | None:
        """The first exchange, of the operation of `like`, whose answer showed a text that its request did not have."""
        for one in self._recent:
            is_alike = like is None or one.operation == like.operation
            if (
                is_alike
                and text in strings(one.response_json)
                and text not in (*strings(one.request_json), *one.queries.values())
            ):
                return one
        return None

    def is_foreign(self, exchange: Exchange, name: str, text: str) -> bool:
        """Whether a text of a request may be a person's: it came from an answer, and is none of the document.

        Schemathesis sends anything that it saw. The walk takes from answers only what other operations ask for under the same
        name, besides ids, tokens, cursors and times; its creations and its invalid requests are its own.
        """
        if text not in self._received or text in self._public or self.is_session(text):
            return False
        if exchange.seen_by == "fuzz":
            return True
        is_made_up = exchange.intent.get("invalid") or (
            exchange.operation is not None and exchange.operation.id == self._provider.lifecycle.create.operation
        )
        return not is_made_up and name in self._received[text]


def is_made_of(text: str, issued: str) -> bool:
    """Whether a text is an issued one, or one of some length with something around it, without its end or with a few others."""
    return text == issued or (len(issued) >= _LEAST_ID and (issued[:-1] in text or other_part(text, issued) is not None))


def other_part(text: str, issued: str) -> tuple[int, int] | None:
    """Where a text differs from an issued one of its length: in a few characters beside one another; None for another text."""
    if len(text) != len(issued) or text == issued:
        return None
    wrong = [index for index, (one, other) in enumerate(zip(issued, text, strict=True)) if one != other]
    return (wrong[0], wrong[-1] + 1) if wrong[-1] - wrong[0] < _MOST_CHANGED else None

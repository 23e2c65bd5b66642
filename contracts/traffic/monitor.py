"""Exchanges that somebody else makes: from URLs and bytes to verdicts, counted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from specimen.contracts.http.base_url import BaseUrl, TrafficError
from specimen.contracts.http.content_encoding import Undecodable, decoded
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import judge, observe
from specimen.contracts.judge.openapi_core_check import disagreements
from specimen.contracts.judge.rule import ERROR, Violation
from specimen.specs import Provider

__all__ = ["BaseUrl", "JudgedExchange", "Monitor", "TrafficError", "as_json", "as_text", "headers_of", "kind_of", "now_millis"]


@dataclass(frozen=True, slots=True)
class JudgedExchange:
    """What was found in one exchange, in order; `unjudged` says why nothing could be."""

    exchange: Exchange
    found: tuple[Violation, ...] = ()
    unjudged: str | None = None


class Monitor:
    """Judges exchanges in the order in which they come, from any thread, and counts what it finds.

    `strict`: rules that rest on assumptions count as violations. `second`: openapi-core is asked too.
    """

    def __init__(self, provider: Provider, *, strict: bool = False, second: bool = False) -> None:
        self.provider = provider
        self.strict = strict
        self.second = second
        self.exchanges = 0
        self.elsewhere = 0
        self.unjudged: Counter[str] = Counter()
        self.found: Counter[Violation] = Counter()
        self._history = History()
        self._first: dict[tuple[str, ...], Violation] = {}
        self._lock = Lock()

    def judge(
        self, exchange: Exchange, *, only: frozenset[str] | None = None, without: frozenset[str] = frozenset()
    ) -> JudgedExchange:
        """Judges an exchange whose bodies may still be compressed.

        `only` names the rules that can be judged by what was seen; such an exchange says nothing of later ones. `without`
        names rules that cannot.
        """
        try:
            plain = uncompressed(exchange)
        except Undecodable as error:
            return self.skip(exchange, str(error))
        with self._lock:
            if only is None:
                found = observe(plain, self._history)
                found += disagreements(plain) if self.second else []
            else:
                found = judge(plain, History())
            found = [one for one in found if (only is None or one.rule in only) and one.rule not in without]
            self.exchanges += 1
            # The same break with another value is counted with the first: a proxy that runs for days must not fill the memory.
            self.found.update(self._first.setdefault(kind_of(one), one) for one in found)
        return JudgedExchange(plain, tuple(found))

    def skip(self, exchange: Exchange, why: str) -> JudgedExchange:
        """Counts an exchange that cannot be judged."""
        with self._lock:
            self.exchanges += 1
            self.unjudged[why] += 1
        return JudgedExchange(exchange, (), why)

    def pass_by(self) -> None:
        """Counts a request that is not for the provider."""
        with self._lock:
            self.elsewhere += 1

    def counts(self, violation: Violation) -> bool:
        """Whether a violation is more than a note."""
        return self.strict or violation.severity == ERROR

    @property
    def errors(self) -> dict[Violation, int]:
        """What counts, with how often it was seen."""
        return {violation: count for violation, count in sorted(self.found.items()) if self.counts(violation)}

    @property
    def notes(self) -> dict[Violation, int]:
        """What is told and does not count."""
        return {violation: count for violation, count in sorted(self.found.items()) if not self.counts(violation)}

    def summary(self) -> dict[str, Any]:
        """All that was found, as JSON values."""
        return {
            "provider": self.provider.name,
            "exchanges": self.exchanges,
            "elsewhere": self.elsewhere,
            "unjudged": dict(self.unjudged),
            "violations": [{**as_json(violation), "count": count} for violation, count in self.errors.items()],
            "notes": [{**as_json(violation), "count": count} for violation, count in self.notes.items()],
        }


def uncompressed(exchange: Exchange) -> Exchange:
    """An exchange with its bodies as they were before HTTP compressed them.

    Raises:
        Undecodable: that cannot be done here.
    """
    sent = exchange.request_headers.get("content-encoding")
    got = exchange.response_headers.get("content-encoding")
    changes: dict[str, bytes] = {}
    if sent:
        changes["request_body"] = decoded(exchange.request_body, sent)
    if got:
        changes["response_body"] = decoded(exchange.response_body, got)
    return replace(exchange, **changes) if changes else exchange  # type: ignore[arg-type]  # the bodies' fields are bytes


def headers_of(pairs: Iterable[tuple[str | bytes, str | bytes]]) -> dict[str, str]:
    """Header names in lower case, values that came under one name joined (RFC 9110, section 5.3)."""
    found: dict[str, str] = {}
    for name, value in pairs:
        key, text = _text(name).lower(), _text(value)
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def now_millis() -> int:
    """The time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def kind_of(violation: Violation) -> tuple[str, ...]:
    """What makes two violations the same break, whatever the values were."""
    return (violation.rule, violation.operation, str(violation.status), violation.pointer, violation.expected)


def as_json(violation: Violation) -> dict[str, Any]:
    """A violation as JSON values."""
    return {
        "rule": violation.rule,
        "severity": violation.severity,
        "sentence": violation.sentence,
        "operation": violation.operation,
        "status": violation.status,
        "pointer": violation.pointer,
        "expected": violation.expected,
        "got": violation.got,
        "mark": violation.mark,
        "source": violation.source,
    }


def as_text(violation: Violation) -> str:
    """A violation as one line: rule, sentence, where, what was expected, what came."""
    where = f"{violation.operation} {violation.status}" + (f" {violation.pointer}" if violation.pointer else "")
    return f"{violation.rule} {violation.sentence}: {where}: expected {violation.expected}, got {violation.got}"


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value

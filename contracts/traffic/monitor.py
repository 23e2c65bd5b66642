"""Exchanges that somebody else makes: from URLs and bytes to verdicts, counted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from specimen.contracts.http.base_url import BaseUrl, TrafficError
from specimen.contracts.http.content_encoding import Undecodable, decoded
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.registry import rulebook
from specimen.contracts.judge.rule import Violation
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.model import REPORT_VERSION, Found, Report, is_counted, is_disagreement
from specimen.specs import Provider

__all__ = ["BaseUrl", "JudgedExchange", "Monitor", "TrafficError", "as_json", "as_text", "headers_of", "now_millis"]


@dataclass(frozen=True, slots=True)
class JudgedExchange:
    """What was found in one exchange, in order; `unjudged` says why nothing could be."""

    exchange: Exchange
    found: tuple[Violation, ...] = ()
    unjudged: str | None = None


class Monitor:
    """Judges exchanges in the order in which they come, from any thread, and counts what it finds as every collector does.

    `strict`: rules that rest on assumptions count as violations. `base_url`, `token`, `sessions`, `second_opinion` and
    `counts_coverage` are those of the collector; who wants a report gives the first and counts coverage.
    """

    def __init__(
        self,
        provider: Provider,
        base_url: str = "",
        *,
        strict: bool = False,
        token: str | None = None,
        sessions: Iterable[str] = (),
        second_opinion: bool = False,
        counts_coverage: bool = False,
    ) -> None:
        rulebook(provider)  # a broken rules.py is said before anything is exchanged
        self.provider = provider
        self.strict = strict
        self.exchanges = 0
        self.elsewhere = 0
        self.unjudged: Counter[str] = Counter()
        self._collector = Collector(
            provider, base_url, token=token, sessions=sessions, second_opinion=second_opinion, counts_coverage=counts_coverage
        )
        self._started_at, self._clock = now_millis(), time.monotonic()
        self._lock = Lock()

    def judge(
        self, exchange: Exchange, *, only: frozenset[str] | None = None, without: frozenset[str] = frozenset()
    ) -> JudgedExchange:
        """Judges an exchange whose bodies may still be compressed; `only` and `without` as the collector has them."""
        try:
            plain = uncompressed(exchange)
        except Undecodable as error:
            return self.skip(exchange, str(error))
        with self._lock:
            found = self._collector.judge(plain, only=only, without=without)
            self.exchanges += 1
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
        return is_counted(violation, strict=self.strict)

    @property
    def found(self) -> tuple[Found, ...]:
        """Everything that was found, each kind once with its count."""
        with self._lock:
            return self._collector.found

    @property
    def errors(self) -> dict[Violation, int]:
        """What counts, with how often it was seen."""
        return {entry.violation: entry.count for entry in self.found if self.counts(entry.violation)}

    @property
    def notes(self) -> dict[Violation, int]:
        """What is reported and does not count."""
        return {
            entry.violation: entry.count
            for entry in self.found
            if not self.counts(entry.violation) and not is_disagreement(entry.violation)
        }

    @property
    def disagreements(self) -> dict[Violation, int]:
        """Where the second validator differs from the first."""
        return {entry.violation: entry.count for entry in self.found if is_disagreement(entry.violation)}

    def summary(self) -> dict[str, Any]:
        """All that was found, as JSON values."""
        return {
            "report_version": REPORT_VERSION,
            "provider": self.provider.name,
            "exchanges": self.exchanges,
            "elsewhere": self.elsewhere,
            "unjudged": dict(self.unjudged),
            "violations": [{**as_json(violation), "count": count} for violation, count in self.errors.items()],
            "notes": [{**as_json(violation), "count": count} for violation, count in self.notes.items()],
            "disagreements": [{**as_json(violation), "count": count} for violation, count in self.disagreements.items()],
        }

    def report(
        self, command: str, *, unreachable: str | None = None, incomplete: Sequence[str] = (), remarks: Sequence[str] = ()
    ) -> Report:
        """The report of a command, as that of `verify`."""
        with self._lock:
            unjudged = [f"{count} not judged: {why}." for why, count in sorted(self.unjudged.items())]
            return self._collector.report(
                profile=None, seed=None, strict=self.strict, started_at=self._started_at, seconds=time.monotonic() - self._clock,
                requests=self.exchanges, unreachable=unreachable, remarks=[*remarks, *unjudged], incomplete=incomplete,
                command=command,
            )  # fmt: skip


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

"""Judges and counts exchanges that other programs make."""

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
from specimen.contracts.judge.severity import DEFAULT_FAIL_ON
from specimen.contracts.reporting.baseline.reader import apply
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.known_failures import Baseline
from specimen.contracts.reporting.model import REPORT_VERSION, Found, Known, Report, is_counted, is_disagreement
from specimen.specs import Provider
from specimen.specs.core.version import product_version

__all__ = ["BaseUrl", "JudgedExchange", "Monitor", "TrafficError", "as_json", "as_text", "headers_of", "now_millis"]


@dataclass(frozen=True, slots=True)
class JudgedExchange:
    """An exchange and its violations, in order; `unjudged` says why it could not be judged."""

    exchange: Exchange
    found: tuple[Violation, ...] = ()
    unjudged: str | None = None


class Monitor:
    """Judges exchanges in the order in which they come, from any thread, and counts the findings as the collector does.

    `fail_on`: the least severity that counts as a violation. `base_url`, `token`, `sessions`, `second_opinion` and
    `counts_coverage` are those of the collector; a report needs the first and the coverage. What `baseline` knows does not
    count.
    """

    def __init__(
        self,
        provider: Provider,
        base_url: str = "",
        *,
        fail_on: str = DEFAULT_FAIL_ON,
        token: str | None = None,
        sessions: Iterable[str] = (),
        second_opinion: bool = False,
        counts_coverage: bool = False,
        baseline: Baseline | None = None,
    ) -> None:
        rulebook(provider)  # a broken rules.py is reported before anything is exchanged
        self.provider = provider
        self.fail_on = fail_on
        self.baseline = baseline
        self.exchanges = 0
        self.elsewhere = 0
        self.unjudged: Counter[str] = Counter()
        self._collector = Collector(
            provider,
            base_url,
            token=token,
            sessions=sessions,
            second_opinion=second_opinion,
            counts_coverage=counts_coverage or baseline is not None,
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
        """Whether a violation counts, by `fail_on` and the baseline."""
        return is_counted(violation, self.fail_on) and not self.knows(violation)

    def knows(self, violation: Violation) -> bool:
        """Whether the baseline lists a violation, which does not count then."""
        return self.baseline is not None and self.baseline.knows(violation)

    @property
    def found(self) -> tuple[Found, ...]:
        """All findings, each kind once with its count."""
        with self._lock:
            return self._collector.found

    @property
    def errors(self) -> dict[Violation, int]:
        """The violations, with their counts."""
        return {entry.violation: entry.count for entry in self.found if self.counts(entry.violation)}

    @property
    def notes(self) -> dict[Violation, int]:
        """The notes, which are reported and do not count."""
        return {
            entry.violation: entry.count
            for entry in self.found
            if not is_counted(entry.violation, self.fail_on)
            and not is_disagreement(entry.violation)
            and not self.knows(entry.violation)
        }

    @property
    def disagreements(self) -> dict[Violation, int]:
        """The disagreements of the second validator with the first."""
        return {
            entry.violation: entry.count
            for entry in self.found
            if is_disagreement(entry.violation) and not self.knows(entry.violation)
        }

    def summary(self, report: Report | None = None) -> dict[str, Any]:
        """Returns all findings as JSON values; `report` is that of the command, where it has one already."""
        report = report or self.report("")
        return {
            "report_version": REPORT_VERSION,
            "specimen_version": product_version(),
            "provider": self.provider.name,
            "exchanges": self.exchanges,
            "elsewhere": self.elsewhere,
            "unjudged": dict(self.unjudged),
            "violations": [{**as_json(violation), "count": count} for violation, count in self.errors.items()],
            "notes": [{**as_json(violation), "count": count} for violation, count in self.notes.items()],
            "disagreements": [{**as_json(violation), "count": count} for violation, count in self.disagreements.items()],
            "known": [_known(known) for known in report.known],
            "expired": [_known(known) for known in report.expired],
            "stale": [entry.values() for entry in report.stale],
        }

    def report(
        self, command: str, *, unreachable: str | None = None, incomplete: Sequence[str] = (), remarks: Sequence[str] = ()
    ) -> Report:
        """Returns the report of a command, like that of `verify`."""
        with self._lock:
            unjudged = [f"{count} not judged: {why}." for why, count in sorted(self.unjudged.items())]
            found = self._collector.report(
                profile=None, seed=None, fail_on=self.fail_on, started_at=self._started_at,
                seconds=time.monotonic() - self._clock, requests=self.exchanges,
                unreachable=unreachable, remarks=[*remarks, *unjudged], incomplete=incomplete,
                command=command,
            )  # fmt: skip
        return found if self.baseline is None else apply(found, self.baseline)


def uncompressed(exchange: Exchange) -> Exchange:
    """Decodes the content encoding of the bodies of an exchange.

    Raises:
        Undecodable: a body cannot be decoded.
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
    """Returns a violation as JSON values."""
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


def _known(known: Known) -> dict[str, Any]:
    return {**as_json(known.found.violation), "count": known.found.count, "entry": known.entry.values()}


def as_text(violation: Violation) -> str:
    """Returns a violation as one line: rule, sentence, where, what was expected, what came."""
    where = f"{violation.operation} {violation.status}" + (f" {violation.pointer}" if violation.pointer else "")
    return f"{violation.rule} {violation.sentence}: {where}: expected {violation.expected}, got {violation.got}"


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value

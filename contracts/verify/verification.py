"""One run of `verify`: its exchanges, judged and counted, and its remarks."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.no_response import ARE_SILENT
from specimen.contracts.judge.checks.account_refusals import account_refusal
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.inconclusive import Inconclusive
from specimen.contracts.reporting.model import Report
from specimen.contracts.verify.drivers.movement import Movement
from specimen.contracts.webhooks.watching import Watch
from specimen.specs import Provider
from specimen.specs.core.errors import bug
from specimen.specs.loading.error_bodies import AccountRefusal

# What a sender knows of a request that is to be refused for a reason of its own.
_REFUSALS = frozenset(
    {"case", "invalid", "malformed_id", "unknown_id", "foreign_id", "unknown_reference", "refused", "wrong_method", "elsewhere"}
)


class Interrupted(KeyboardInterrupt):
    """The user ended a run; `report` holds what was judged until then."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


class Crashed(RuntimeError):
    """Specimen itself failed, a bug of ours, by `error`; `report` holds what was judged until then."""

    def __init__(self, error: Exception, report: Report) -> None:
        super().__init__(bug(error))
        self.error = error
        self.report = report


class Run:
    """Judges and counts the exchanges of one run.

    A request without an answer is judged only after another one got an answer: a service that is not there breaks no rule.
    """

    def __init__(self, provider: Provider, collector: Collector, watch: Watch | None = None) -> None:
        self.provider = provider
        self.collector = collector
        self.watch = watch
        self.movement = Movement(provider)
        self.exchanges = 0
        self.has_answers = False
        self.remarks: list[str] = []
        self._waiting: list[Exchange] = []
        self.step = "the choice of a driver"
        self._secured: Counter[str] = Counter()
        self._refused: Counter[tuple[str, int, AccountRefusal, str]] = Counter()
        self._has_created = False

    def see(self, exchange: Exchange) -> None:
        """Judges an exchange and counts it."""
        self.exchanges += 1
        if exchange.failure in ARE_SILENT:
            self._waiting.append(exchange)
            return
        self.has_answers = True
        self.settle()
        self.movement.see(exchange)
        if self.watch is not None:
            self.watch.see(exchange)
        if exchange.operation is not None and exchange.operation.security:
            self._secured["refused" if exchange.status in (401, 403) else "taken" if exchange.is_success else "other"] += 1
        if exchange.operation is not None:
            self._has_created |= exchange.is_success and exchange.operation.id == self.provider.lifecycle.create.operation
            refusal = None if _is_meant_to_fail(exchange) else account_refusal(exchange)
            if refusal is not None:
                self._refused[exchange.operation.id, exchange.status, refusal, self.step] += 1
        self.collector.judge(exchange)

    @property
    def inconclusive(self) -> tuple[Inconclusive, ...]:
        """The requests that were refused for reasons of the account, by operation, answer and step, in their order."""
        return tuple(
            Inconclusive(operation, status, _code(refusal), refusal.reason, step, count, self._remedy(refusal))
            for (operation, status, refusal, step), count in self._refused.items()
        )

    def completed(self, report: Report) -> Report:
        """Returns the report with what was refused for reasons of the account, and says so where something is missing for it.

        Where no session was seen in any state, that is missing; so is what a driver said that it moved and no read shows.
        """
        if self.watch is not None:
            report = self.watch.added(report)
        if report.unreachable is None:
            unseen = self.movement.missing(report.reach.edges.seen)
            report = replace(report, incomplete=(*report.incomplete, *unseen))
        if report.unreachable is None and not report.reach.states.seen:
            report = replace(report, missing=(*report.missing, "the state of any session"))
        found = self.inconclusive
        if not found or not report.missing:
            return replace(report, inconclusive=found)
        create = self.provider.lifecycle.create.operation
        first = next((entry for entry in found if entry.operation == create and not self._has_created), None)
        why = f", so {'no session was made' if first is not None else 'not all that is required was seen'}. "
        first = first or found[0]
        reason = f"{first.operation} was refused for reasons of the account ({first.answer}: {first.reason.rstrip('.')})"
        return replace(report, inconclusive=found, incomplete=(*report.incomplete, f"{reason}{why}{first.remedy}"))

    def _remedy(self, refusal: AccountRefusal) -> str:
        if refusal.value is None:
            return "Give --token of an account that may do this."
        meaning = self.provider.lifecycle.values[refusal.value].meaning.rstrip(".")
        return f"Give --set {refusal.value}=… ({meaning[0].lower()}{meaning[1:]}), or --token of an account that may do this."

    @property
    def is_locked_out(self) -> bool:
        """Whether secured operations refused requests and none of them answered with success."""
        return bool(self._secured["refused"]) and not self._secured["taken"]

    def settle(self) -> None:
        """Judges the requests without an answer, since the service is there."""
        for exchange in self._waiting:
            self.collector.judge(exchange)
        self._waiting.clear()


def _code(refusal: AccountRefusal) -> str:
    """The error's constant; empty where a sentence tells the error, or the whole status is meant."""
    return refusal.code if refusal.code is not None and " " not in refusal.code else ""


def _is_meant_to_fail(exchange: Exchange) -> bool:
    """Whether a refusal was asked for, by a documented case too, or another one than the account's would be right as well."""
    meant = exchange.intent
    is_invalid = any(meant.get(name) for name in _REFUSALS)
    return exchange.has_preference or is_invalid or meant.get("credentials") in ("none", "unknown", "other")

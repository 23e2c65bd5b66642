"""One run of `verify`: its exchanges, judged and counted, and its remarks."""

from __future__ import annotations

from collections import Counter

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.no_response import ARE_SILENT
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.model import Report
from specimen.specs import Provider


class Interrupted(KeyboardInterrupt):
    """The user ended a run; `report` holds what was judged until then."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


class Run:
    """Judges and counts the exchanges of one run.

    A request without an answer is judged only after another one got an answer: a service that is not there breaks no rule.
    """

    def __init__(self, provider: Provider, collector: Collector) -> None:
        self.provider = provider
        self.collector = collector
        self.exchanges = 0
        self.has_answers = False
        self.remarks: list[str] = []
        self._waiting: list[Exchange] = []
        self._secured: Counter[str] = Counter()

    def see(self, exchange: Exchange) -> None:
        """Judges an exchange and counts it."""
        self.exchanges += 1
        if exchange.failure in ARE_SILENT:
            self._waiting.append(exchange)
            return
        self.has_answers = True
        self.settle()
        if exchange.operation is not None and exchange.operation.security:
            self._secured["refused" if exchange.status in (401, 403) else "taken" if exchange.is_success else "other"] += 1
        self.collector.judge(exchange)

    @property
    def is_locked_out(self) -> bool:
        """Whether secured operations refused requests and none of them answered with success."""
        return bool(self._secured["refused"]) and not self._secured["taken"]

    def settle(self) -> None:
        """Judges the requests without an answer, since the service is there."""
        for exchange in self._waiting:
            self.collector.judge(exchange)
        self._waiting.clear()

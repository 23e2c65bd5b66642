"""Lists that ask for the time at which a session was made: whether they show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.pagination import rows
from specimen.contracts.judge.checks.precision import instant, interval
from specimen.contracts.judge.history import History, same_caller
from specimen.contracts.judge.rule import EXAMINED, Examined, Finding
from specimen.contracts.redaction.values import Words
from specimen.specs.core.json_pointer import at

Window = tuple[datetime, datetime]
_ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
# Our own walk sends one request after the other; a list of other traffic may have been on its way while the session was made.
_ONE_BY_ONE = "walk"
_ON_ITS_WAY_MILLIS = 60_000


@dataclass(frozen=True)
class OwnTime:
    """A check that a list which asks for the time of a session shows it, to the caller that made it.

    A service may keep its times finer than it shows them: nothing is said of one list that begins or ends less than one unit
    of the time shown from it. Of two lists that meet or overlap there, at least one shows the session, however finely it is
    kept: what both leave out would lie after the end of the one and before the beginning of the other.

    `field` is the time in the session, which is at `shown` in the answer of the creation; `earliest` and `latest` are the
    parameters of the list, whose rows are at `pointer`.
    """

    operation: str
    create: str
    field: str
    earliest: str
    latest: str
    shown: str = "/data"
    pointer: str = "/data"

    def __call__(self, exchange: Exchange, history: History) -> Iterator[Finding | Examined]:
        """Judges a list."""
        window = self._window(exchange)
        if window is None:
            return
        found = self._listed(exchange)
        for made in history.calls(self.create):
            session = at(made.response_json, f"{self.shown}/id")
            kept = interval(at(made.response_json, f"{self.shown}/{self.field}"))
            if not made.is_success or not same_caller(made, exchange) or kept is None:
                continue
            if window[0] <= kept[0] and kept[1] <= window[1]:
                is_told = bool({*kept} & {*window})
            else:
                is_told = any(_meet(window, other, kept) for other in self._without(session, made, exchange, history))
            if not is_told:
                continue
            yield EXAMINED
            if session not in found:
                yield Finding(self.pointer, f"the session whose {self.field} was asked for", Words(f"{len(found)} others"))
                return

    def _window(self, exchange: Exchange) -> Window | None:
        """The time that a list asks for; None where it asks for more than the time, or does not show all."""
        if exchange.operation is None or exchange.operation.id != self.operation:
            return None
        if not exchange.is_success or exchange.has_preference:
            return None
        asked = set(exchange.queries)
        bounds = [instant(exchange.queries.get(name)) for name in (self.earliest, self.latest)]
        is_whole = at(exchange.response_json, "/pagination/has_more") is False
        if bounds == [None, None] or not is_whole or not asked <= {self.earliest, self.latest, "limit"}:
            return None
        return bounds[0] or _ALWAYS[0], bounds[1] or _ALWAYS[1]

    def _listed(self, exchange: Exchange) -> set[Any]:
        return {at(row, "/id") for row in rows(exchange, self.operation, self.pointer)}

    def _without(self, session: Any, made: Exchange, exchange: Exchange, history: History) -> Iterator[Window]:
        """The times of earlier lists for the same caller that left out a session which was there already."""
        pause = 0 if exchange.seen_by == _ONE_BY_ONE else _ON_ITS_WAY_MILLIS
        for earlier in history.calls(self.operation):
            window = self._window(earlier) if earlier.at >= made.at + pause else None
            if window is not None and same_caller(earlier, exchange) and session not in self._listed(earlier):
                yield window


def _meet(window: Window, other: Window, kept: Window) -> bool:
    """Whether one of two windows ends and the other begins within the time at which a session may have been made, without a gap.

    Both reach beyond it at their other ends.
    """
    first, second = (window, other) if window[0] <= kept[0] else (other, window)
    begin, end = second[0], first[1]
    is_open = first[0] <= kept[0] and second[1] >= kept[1]
    return is_open and kept[0] < begin <= end < kept[1]

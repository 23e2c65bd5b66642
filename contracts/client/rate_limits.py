"""How fast and how often a host is asked: the rate, the budget, `Retry-After` and bursts."""

from __future__ import annotations

import time
from collections.abc import Callable

from specimen.contracts.client.client_errors import BudgetSpent, Burst
from specimen.contracts.http.header_values import retry_after_seconds

PRODUCTION_BUDGET = 200
PRODUCTION_RATE = 1.0
# So many answers of 429 or 5xx in a row are a burst, after which nothing more is sent.
BURST = 3
# As long is a host of the user's own waited for in all, where it asks for that; a production host longer at once.
PATIENCE_SECONDS = 60.0
PRODUCTION_PATIENCE_SECONDS = 120.0


class RateLimits:
    """The limits of one run, in all its phases.

    Args:
        host: what is asked.
        is_production: whether it gets no more than a few requests, one a second, and none after a burst.
        is_local: whether it is this machine, whose `Retry-After` is not obeyed.
        budget: the most requests.
        rate_per_second: how many a second.
        patience_seconds: how long a run waits in all because the host asks for it.
        sleep: waits.
    """

    def __init__(
        self,
        host: str,
        *,
        is_production: bool,
        is_local: bool,
        budget: int | None,
        rate_per_second: float | None,
        patience_seconds: float | None,
        sleep: Callable[[float], None],
    ) -> None:
        self.sent = 0
        self._host = host
        self._is_production = is_production
        self._is_local = is_local
        self._budget = PRODUCTION_BUDGET if budget is None and is_production else budget
        self._rate = PRODUCTION_RATE if rate_per_second is None and is_production else rate_per_second
        default = PRODUCTION_PATIENCE_SECONDS if is_production else PATIENCE_SECONDS
        self._patience = default if patience_seconds is None else patience_seconds
        self._sleep = sleep
        self._not_before = 0.0
        self._waited = 0.0
        self._bad_in_a_row = 0
        self._end: Burst | None = None

    def check_budget(self) -> None:
        """Raises `BudgetSpent` where no more may be sent."""
        if self._budget is not None and self.sent >= self._budget:
            raise BudgetSpent(f"{self.sent} requests were sent, which is the budget.")

    def before(self) -> None:
        """Waits until a request may be sent, and counts it.

        Raises:
            BudgetSpent, Burst: no more may be sent.
        """
        if self._end is not None:
            raise self._end
        self.check_budget()
        pause = self._not_before - time.monotonic()
        if pause > 0:
            self._sleep(pause)
        if self._rate:
            self._not_before = time.monotonic() + 1 / self._rate
        self.sent += 1

    def after(self, status: int, retry_after: str | None) -> None:
        """Takes note of an answer.

        Raises:
            Burst: the host asks to be left alone for longer than the patience lasts, or answered with errors several times.
        """
        if self._is_local:
            return
        is_bad = status == 429 or status >= 500
        self._bad_in_a_row = self._bad_in_a_row + 1 if is_bad else 0
        asked = retry_after_seconds(retry_after, time.time()) if is_bad else 0.0
        if asked > 0:
            self._waited += asked
            if self._waited > self._patience:
                told = f"{asked:.0f} s" if asked == self._waited else f"another {asked:.0f} s, {self._waited:.0f} s in all"
                patience = f"--patience is {self._patience:g} s"
                raise self._ended(f"{self._host} answered {status} and asks to wait {told}; {patience}. Nothing more was sent.")
            self._not_before = max(self._not_before, time.monotonic() + asked)
        if self._is_production and self._bad_in_a_row >= BURST:
            raise self._ended(f"{self._host} answered {status} {BURST} times in a row. Nothing more was sent.")

    def _ended(self, why: str) -> Burst:
        self._end = Burst(why)
        return self._end

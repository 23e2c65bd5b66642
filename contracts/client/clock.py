"""The time of requests and answers, in an order that no jump of the machine's clock turns round."""

from __future__ import annotations

import time


class _Clock:
    """The machine's time, which stands still here while it is behind what was shown; a jump ahead is followed.

    Requests are sent one after the other, and rules compare when they began and ended.
    """

    def __init__(self) -> None:
        self._latest = 0

    def now(self) -> int:
        """Milliseconds since the epoch."""
        self._latest = max(self._latest, time.time_ns() // 1_000_000)
        return self._latest


_CLOCK = _Clock()


def now() -> int:
    """Milliseconds since the epoch, never less than before."""
    return _CLOCK.now()

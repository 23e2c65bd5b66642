"""The mock's clock, which may start at any time, be frozen or be moved forward."""

from __future__ import annotations

import time

from specimen.mockserver.errors import SettingError

# Birth dates lie before a session and expiry dates after it: both need years that a date can represent.
EARLIEST = 946_684_800_000  # 2000-01-01T00:00:00Z
LATEST = 7_258_118_399_999  # 2199-12-31T23:59:59.999Z


class Clock:
    """Milliseconds since the epoch, UTC. `start` is where it begins (None: the machine's time); `frozen` stops it there.

    Raises:
        SettingError: `start` is not in the years 2000 to 2199.
    """

    __slots__ = ("_frozen_at", "_offset", "started_at")

    def __init__(self, start: int | None = None, *, frozen: bool = False) -> None:
        if start is not None and not EARLIEST <= start <= LATEST:
            raise SettingError(f"time {start} ms: expected one in the years 2000 to 2199.")
        real = time.time_ns() // 1_000_000
        self.started_at = real if start is None else start
        self._frozen_at = self.started_at if frozen else None
        self._offset = self.started_at - real

    def now(self) -> int:
        """The time."""
        if self._frozen_at is not None:
            return self._frozen_at
        return time.time_ns() // 1_000_000 + self._offset

    def forward(self, milliseconds: int) -> None:
        """Moves the time forward.

        Raises:
            SettingError: `milliseconds` is negative, or leads beyond the year 2199.
        """
        if milliseconds < 0:
            raise SettingError(f"clock forward by {milliseconds} ms: expected 0 or more, time never runs backwards.")
        if self.now() + milliseconds > LATEST:
            raise SettingError(f"clock forward by {milliseconds} ms: expected a time in the years 2000 to 2199.")
        if self._frozen_at is not None:
            self._frozen_at += milliseconds
        else:
            self._offset += milliseconds

    def fork(self) -> Clock:
        """Another clock that shows the same time and moves on its own."""
        clock = Clock(self.now(), frozen=self._frozen_at is not None)
        clock.started_at = self.started_at
        return clock

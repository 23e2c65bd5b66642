"""The mock's time, which may start elsewhere, stand still or be moved forward."""

from __future__ import annotations

import time

from mockserver.errors import SettingError


class Clock:
    """Milliseconds since the epoch, UTC. `start` is where it begins (None: the machine's time); `frozen` stops it there."""

    __slots__ = ("_frozen_at", "_offset", "started_at")

    def __init__(self, start: int | None = None, *, frozen: bool = False) -> None:
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
            SettingError: `milliseconds` is negative; time never runs backwards.
        """
        if milliseconds < 0:
            raise SettingError(f"clock forward by {milliseconds} ms: expected 0 or more, time never runs backwards.")
        if self._frozen_at is not None:
            self._frozen_at += milliseconds
        else:
            self._offset += milliseconds

    def fork(self) -> Clock:
        """Another clock that shows the same time and moves on its own."""
        clock = Clock(self.now(), frozen=self._frozen_at is not None)
        clock.started_at = self.started_at
        return clock

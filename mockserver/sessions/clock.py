"""A namespace's clock, which may start at any time, be frozen or be moved forward."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from specimen.mockserver.errors import SettingError

# Birth dates lie before a session and expiry dates after it: both need years that a date can represent.
EARLIEST = 946_684_800_000  # 2000-01-01T00:00:00Z
LATEST = 7_258_118_399_999  # 2199-12-31T23:59:59.999Z


class _MachineTime:
    """The machine's time, which never runs backwards here: what a jump takes away is added from then on.

    Sessions would go back to states that callers have seen them leave. Each process has one, as it has one machine.
    """

    def __init__(self) -> None:
        self._latest = 0
        self._added = 0

    def now(self) -> int:
        """Milliseconds since the epoch."""
        now = time.time_ns() // 1_000_000 + self._added
        if now < self._latest:
            self._added += self._latest - now
            now = self._latest
        self._latest = now
        return now


_MACHINE = _MachineTime()


class Clock:
    """Milliseconds since the epoch, UTC. `start` is where it begins (None: the machine's time); `frozen` stops it there.

    A clock is never changed: `forward` makes another one. Its document is what the store keeps of it.

    Raises:
        SettingError: `start` is not in the years 2000 to 2199.
    """

    __slots__ = ("frozen_at", "offset", "started_at")

    def __init__(self, start: int | None = None, *, frozen: bool = False) -> None:
        if start is not None and not EARLIEST <= start <= LATEST:
            raise SettingError(f"time {start} ms: expected one in the years 2000 to 2199.")
        real = _MACHINE.now()
        self.started_at = real if start is None else start
        self.frozen_at = self.started_at if frozen else None
        self.offset = self.started_at - real

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Clock:
        """The clock that a document describes."""
        clock = cls.__new__(cls)
        clock.started_at = document["start"]
        clock.frozen_at = document["frozen_at"]
        clock.offset = document["offset"]
        return clock

    @property
    def document(self) -> dict[str, Any]:
        """`start`, `frozen_at` (None: it runs) and `offset` from the machine's time, all in milliseconds."""
        return {"start": self.started_at, "frozen_at": self.frozen_at, "offset": self.offset}

    def now(self) -> int:
        """The time."""
        if self.frozen_at is not None:
            return self.frozen_at
        return _MACHINE.now() + self.offset

    def set(self, now: int) -> Clock:
        """A clock that shows another time, and stands or runs as this one.

        Raises:
            SettingError: the time is not in the years 2000 to 2199.
        """
        if not EARLIEST <= now <= LATEST:
            raise SettingError(f"time {now} ms: expected one in the years 2000 to 2199.")
        document = self.document
        if self.frozen_at is not None:
            document["frozen_at"] = now
        else:
            document["offset"] = now - _MACHINE.now()
        return Clock.of(document)

    def frozen(self) -> Clock:
        """A clock that stands still at this one's time."""
        return Clock.of({**self.document, "frozen_at": self.now()})

    def running(self) -> Clock:
        """A clock that goes on from this one's time."""
        return Clock.of({**self.document, "frozen_at": None, "offset": self.now() - _MACHINE.now()})

    def behind(self, now: int) -> Clock:
        """A clock that stands at a time, for what a read shows of the past; `started_at` is the same."""
        return Clock.of({**self.document, "frozen_at": now})

    def forward(self, milliseconds: int) -> Clock:
        """A clock that is ahead of this one.

        Raises:
            SettingError: `milliseconds` is negative, or leads beyond the year 2199.
        """
        if milliseconds < 0:
            raise SettingError(f"clock forward by {milliseconds} ms: expected 0 or more, time never runs backwards.")
        if self.now() + milliseconds > LATEST:
            raise SettingError(f"clock forward by {milliseconds} ms: expected a time in the years 2000 to 2199.")
        document = self.document
        document["offset" if self.frozen_at is None else "frozen_at"] += milliseconds
        return Clock.of(document)

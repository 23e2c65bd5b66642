"""The time of requests and answers where the machine's clock jumps."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from specimen.contracts.client import clock

HOUR = 3_600_000


def test_now__stands_still_while_the_machine_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """No request seems to have begun before the one that was sent before it; a jump ahead is followed."""
    shown = [1_800_000_000_000]
    monkeypatch.setattr(clock, "time", SimpleNamespace(time_ns=lambda: shown[0] * 1_000_000))
    monkeypatch.setattr(clock, "_CLOCK", clock._Clock())
    first = clock.now()
    assert first == shown[0]
    shown[0] -= HOUR
    assert clock.now() == first
    shown[0] += HOUR + 5
    assert clock.now() == first + 5
    shown[0] += HOUR
    assert clock.now() == first + 5 + HOUR

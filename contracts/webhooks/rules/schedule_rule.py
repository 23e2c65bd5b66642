"""Judges when a failed delivery is tried again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from specimen.specs.loading.webhooks import Webhooks

# By how much a time may be missed: a sender's timer, a slow answer, a queue. Seconds, and a share of the documented wait.
_SLACK_SECONDS, _SLACK = 1.0, 0.25
# What is much too late; a sender that was busy is not.
_LATE_SECONDS, _LATE = 60.0, 2.0


def compared(
    webhooks: Webhooks, attempts: Sequence[tuple[float, int | None]], until: float | None = None
) -> Iterator[tuple[str, str] | None]:
    """For each attempt after a failed one None, then what is expected and what was, where it breaks the schedule.

    `attempts` are those of one event, in the order in which they came: when (seconds since the epoch), and the status that was
    answered, None where it is not known. What follows a success is a repetition, which at-least-once delivery allows. `until`
    is how long was listened, where that is known.
    """
    failed: list[float] = []
    waits = webhooks.retry_seconds
    for (at, status), (again_at, _) in pairwise(attempts):
        if status is None or 200 <= status < 300:
            failed.clear()
            continue
        failed.append(at)
        number = len(failed)
        yield None
        if number > len(waits):
            yield f"at most {len(waits) + 1} attempts", f"another one after {number} that had failed"
            return
        wait, waited = waits[number - 1], again_at - at
        if waited < wait * (1 - _SLACK) - _SLACK_SECONDS or waited > _latest(wait):
            yield f"attempt {number + 1} about {wait:g} s after the one before", f"{waited:.1f} s"
    at, status = attempts[-1]
    if until is None or status is None or 200 <= status < 300 or len(failed) >= len(waits):
        return
    wait = waits[len(failed)]
    if until - at > _latest(wait):
        yield None
        yield f"attempt {len(failed) + 2} about {wait:g} s after the one before", f"none in {until - at:.0f} s"


def _latest(wait: float) -> float:
    """After how many seconds an attempt is too late."""
    return wait * _LATE + _LATE_SECONDS


def is_waiting(webhooks: Webhooks, attempts: Sequence[tuple[float, int | None]]) -> bool:
    """Whether the last of an event's attempts has failed, and another one is to come; `attempts` as in `compared`."""
    failed = 0
    for _, status in attempts:
        failed = 0 if status is None or 200 <= status < 300 else failed + 1
    return 0 < failed <= len(webhooks.retry_seconds)

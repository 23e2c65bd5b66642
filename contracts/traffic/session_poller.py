"""Polls one session politely to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from specimen.contracts.client.client_errors import Untrusted
from specimen.contracts.client.transport import BudgetSpent, Burst, Forbidden, NoAnswer, Transport, Unreachable
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.header_values import retry_after_seconds
from specimen.contracts.reporting.model import INCONCLUSIVE, PASSED, UNREACHABLE, VIOLATIONS
from specimen.contracts.requests.parameter_overrides import with_values
from specimen.contracts.requests.request_encoder import send
from specimen.contracts.requests.request_templates import filled
from specimen.contracts.traffic.monitor import JudgedExchange, Monitor, TrafficError
from specimen.specs import Provider
from specimen.specs.core.json_pointer import at
from specimen.specs.loading.lifecycle import Read

# So many failures (refused connections, 429, 5xx) in a row end the watch.
MOST_FAILURES = 5
MOST_PAUSE_SECONDS = 60.0
_REFUSALS = (400, 401, 403, 404, 410, 422)


@dataclass(frozen=True, slots=True)
class Poll:
    """One poll: the session's state (None where the answer shows none), and whether it changed."""

    state: str | None
    verdict: JudgedExchange | None
    is_change: bool
    is_end: bool
    said: str = ""


class Watch:
    """Polls through `send` until the session is in a terminal state, is refused, or `timeout_seconds` are over.

    Between two polls it waits `every_seconds`; after 429, 5xx or no answer twice as long each time, and no less than a
    `Retry-After` asks. `exit_code` is 0 where all rules passed, 1 for violations, 3 without an answer, 4 where the end
    was not seen.
    """

    def __init__(
        self,
        monitor: Monitor,
        send: Callable[[], Exchange],
        status_pointer: str | None,
        *,
        every_seconds: float = 2.0,
        timeout_seconds: float = 900.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._monitor = monitor
        self._send = send
        self._pointer = status_pointer
        self._every = every_seconds
        self._timeout = timeout_seconds
        self._clock = clock
        self._sleep = sleep
        self._wall_clock = wall_clock
        self._failures = 0
        self.state: str | None = None
        self.states: list[str] = []
        self.polls = 0
        self.reached_end = False
        self.unreachable: str | None = None
        self.inconclusive: str | None = None

    def steps(self) -> Iterator[Poll]:
        """Yields one poll after the other."""
        until = self._clock() + self._timeout
        while True:
            step, asked = self._poll()
            yield step
            if step.is_end:
                return
            pause = self._pause(asked)
            if self._clock() + pause > until:
                self.inconclusive = f"no end within {self._timeout:g} s (--timeout); last seen in '{self.state}'"
                return
            self._sleep(pause)

    @property
    def exit_code(self) -> int:
        """0 passed, 1 violations, 3 unreachable, 4 inconclusive; violations beat the others."""
        if self._monitor.errors:
            return VIOLATIONS
        if self.unreachable is not None:
            return UNREACHABLE
        return PASSED if self.reached_end else INCONCLUSIVE

    def _poll(self) -> tuple[Poll, float]:
        """Returns a poll, and the seconds that a `Retry-After` asks for."""
        try:
            exchange = self._send()
        except (Unreachable, NoAnswer) as error:
            self._failures += 1
            is_end = self._failures >= MOST_FAILURES or isinstance(error, Untrusted)
            if is_end:
                self.unreachable = str(error)
            return Poll(None, None, is_change=False, is_end=is_end, said=str(error)), 0.0
        except (Burst, BudgetSpent, Forbidden) as error:
            self.inconclusive = str(error)
            return Poll(None, None, is_change=False, is_end=True, said=str(error)), 0.0
        self.polls += 1
        verdict = self._monitor.judge(exchange)
        shown = at(verdict.exchange.response_json, self._pointer) if self._pointer is not None and exchange.is_success else None
        asked = retry_after_seconds(exchange.response_headers.get("retry-after"), self._wall_clock())
        if not isinstance(shown, str):
            return self._stateless(exchange, verdict), asked
        self._failures = 0
        is_change, self.state = shown != self.state, shown
        if is_change:
            self.states.append(shown)
        self.reached_end = shown in self._monitor.provider.lifecycle.terminal
        return Poll(shown, verdict, is_change=is_change, is_end=self.reached_end), asked

    def _stateless(self, exchange: Exchange, verdict: JudgedExchange) -> Poll:
        self._failures += 1
        said = f"{exchange.status} without a state"
        is_end = exchange.status in _REFUSALS or exchange.is_success or self._failures >= MOST_FAILURES
        if is_end:
            advice = " Is the id right, and the token?" if exchange.status < 500 else ""
            self.inconclusive = f"answered {said}.{advice}"
        return Poll(None, verdict, is_change=False, is_end=is_end, said=said)

    def _pause(self, asked: float) -> float:
        own = min(self._every * float(2**self._failures), max(MOST_PAUSE_SECONDS, self._every))
        return max(own, asked)


def watched(
    provider: Provider, transport: Transport, session: str, settings: Mapping[str, str] | None = None
) -> tuple[Callable[[], Exchange], str | None]:
    """Returns a function that reads a session through a transport, and the pointer to its state.

    `settings` are those of `with_values`.

    Raises:
        SpecimenError: the provider's read has no such value, or asks for more than a session's id.
    """
    known = with_values(provider, settings or {})
    read = _read(known)
    request = filled(known, read.operation, read.request, dict.fromkeys(provider.lifecycle.ids, session))
    if request is None:
        raise TrafficError(f"{provider.name}: '{read.operation}' cannot be asked with a session's id alone.")
    return (lambda: send(transport, request)), read.status


def _read(provider: Provider) -> Read:
    return next((read for read in provider.lifecycle.reads if read.status is not None), provider.lifecycle.reads[0])

"""The time of a sender that has a clock of its own, such as a sandbox whose clock was forwarded."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import httpx

from specimen.contracts.http.base_url import BaseUrl
from specimen.specs import SpecimenError

_TIMEOUT_SECONDS = 5.0
# Beyond any clock; a sandbox's ends with the year 9999.
_MOST_SECONDS = 10**12


def hint(option: str) -> str:
    """What to say of a delivery from another time, where no clock was named."""
    return f" If the sender is a sandbox whose clock was moved, name it by {option}."


class SenderClock:
    """Tells the sender's time: by how many seconds it is ahead of this machine, or by the `Date` of what a URL answers.

    A URL is asked each time; while it does not answer, the clock goes on from what it said last.
    """

    def __init__(self, given: str, option: str = "--clock") -> None:
        """Reads a number of seconds or a URL.

        Raises:
            SpecimenError: it is neither, or the URL does not answer with a `Date`.
        """
        self._url: str | None = None
        self._offset = 0.0
        try:
            seconds = float(given)
        except ValueError:
            self._url = f"{BaseUrl.parse(given, option)}/"
            if not self._ask():
                raise SpecimenError(f"{option} {self._url}: no answer with a `Date`: is the sandbox running?") from None
        else:
            if not abs(seconds) < _MOST_SECONDS:
                raise SpecimenError(f"{option} {given}: expected a URL, or by how many seconds the sender's clock is ahead.")
            self._offset = seconds

    def _ask(self) -> bool:
        if self._url is None:
            return True
        try:
            answer = httpx.head(self._url, trust_env=False, timeout=_TIMEOUT_SECONDS, follow_redirects=False)
            self._offset = parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time()
        except (httpx.HTTPError, KeyError, ValueError, OverflowError):
            return False
        return True

    @property
    def offset_seconds(self) -> float:
        """By how much the sender's clock is ahead of this machine's, now."""
        self._ask()
        return self._offset

    def now(self) -> float:
        """The sender's time, in seconds since the epoch."""
        return time.time() + self.offset_seconds

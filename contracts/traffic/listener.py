"""Judges the exchanges that clients have with one base URL."""

from __future__ import annotations

from collections.abc import Mapping

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.traffic.monitor import BaseUrl, Monitor, now_millis


class Listener:
    """Judges the exchanges with one base URL: those of a wrapped client, or all of a test."""

    def __init__(self, monitor: Monitor, base_url: BaseUrl) -> None:
        self.monitor = monitor
        self.base_url = base_url

    def covers(self, url: str) -> bool:
        """Whether a URL is below the base URL."""
        if self.base_url.below(url) is not None:
            return True
        self.monitor.pass_by()
        return False

    def record(
        self,
        method: str,
        url: str,
        sent: tuple[Mapping[str, str], bytes | None],
        status: int,
        got: tuple[Mapping[str, str], bytes | None],
        began: int = 0,
    ) -> None:
        """Judges one exchange; headers and body of both sides, a body that is None was not seen whole, and when it was sent."""
        below = self.base_url.below(url) or ("/", "")
        exchange = Exchange(
            provider=self.monitor.provider, method=method.upper(), path=below[0], query=below[1], request_headers=sent[0],
            request_body=sent[1] or b"", status=status, response_headers=got[0], response_body=got[1] or b"",
            at=now_millis(), began=began, seen_by="client",
        )  # fmt: skip
        if sent[1] is None or got[1] is None:
            self.monitor.skip(exchange, "a stream that was not read to its end, or more than 16 MiB")
        elif exchange.operation is None:
            self.monitor.skip(exchange, "no documented operation")
        else:
            self.monitor.judge(exchange)

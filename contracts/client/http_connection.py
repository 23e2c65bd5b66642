"""Sends one request over HTTP and returns its exchange."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from typing import Any

import httpx

from specimen.contracts.client.client_errors import Unreachable
from specimen.contracts.http.base_url import BaseUrl
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.no_response import CLOSED, TIMEOUT, TOO_LARGE, UNREADABLE
from specimen.contracts.http.sse import EVENT_STREAM, EventReader
from specimen.specs import SpecimenError
from specimen.specs.core.version import user_agent

MOST_ANSWER_BYTES = 16 * 1024 * 1024
STREAM_SECONDS = 2.0
CONNECT_SECONDS = 2.0


class _Cut(Exception):
    """Reading of an answer was stopped before its end; `why` is the failure."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class HttpConnection:
    """Sends requests to a base URL; no redirect is followed.

    A server may close a persistent connection while a request is on its way, which is then unread (RFC 9112, section 9.3.1).
    So a safe request that finds its persistent connection closed is sent once more on a new one. An unsafe request, which must
    not be repeated, always uses a new connection: a server that does not answer it has read it.
    """

    def __init__(
        self, base_url: BaseUrl, *, timeout_seconds: float, trust_env: bool, transport: httpx.BaseTransport | None
    ) -> None:
        self.base_url = base_url
        self._timeout = timeout_seconds
        own = {"user-agent": user_agent()}
        options: dict[str, Any] = {"follow_redirects": False, "timeout": timeout_seconds, "trust_env": trust_env, "headers": own}
        self._kept = httpx.Client(transport=transport, **options)
        self._new = httpx.Client(transport=transport, limits=httpx.Limits(max_keepalive_connections=0), **options)
        self._is_network = transport is None

    def close(self) -> None:
        """Closes the connections."""
        self._kept.close()
        self._new.close()

    def is_up(self) -> bool:
        """Whether the host accepts connections."""
        try:
            socket.create_connection((self.base_url.host, self.base_url.port), CONNECT_SECONDS).close()
        except OSError:
            return False
        return True

    def send(self, wanted: Exchange, *, is_safe: bool, is_stream: bool) -> Exchange:
        """Sends a request and returns its exchange, whose `failure` says why there is no answer.

        Raises:
            Unreachable: the host accepts no connection.
            SpecimenError: the request is not valid HTTP.
        """
        if not is_safe:
            return self._ask(self._new, wanted, [], is_stream=is_stream)
        opened: list[str] = []
        found = self._ask(self._kept, wanted, opened, is_stream=is_stream)
        if found.failure == CLOSED and self._is_network and not opened:
            return self._ask(self._new, wanted, [], is_stream=is_stream)
        return found

    def _ask(self, client: httpx.Client, wanted: Exchange, opened: list[str], *, is_stream: bool) -> Exchange:
        """Sends a request; `opened` gets an entry for each new connection."""

        def trace(event: str, _: Any) -> None:
            if event == "connection.connect_tcp.started":
                opened.append(event)

        url = str(self.base_url) + wanted.path + (f"?{wanted.query}" if wanted.query else "")
        timeout = httpx.Timeout(self._timeout, read=STREAM_SECONDS if is_stream else self._timeout)
        # Bytes, since a token may be in any alphabet: a header is Latin-1 or UTF-8.
        headers = [(name.encode(), value.encode("utf-8")) for name, value in wanted.request_headers.items()]
        until = time.monotonic() + (STREAM_SECONDS if is_stream else self._timeout)
        try:
            with client.stream(
                wanted.method, url, headers=headers, content=wanted.request_body or None, timeout=timeout,
                extensions={"trace": trace},
            ) as response:  # fmt: skip
                content = _read(response, until)
                shown = {name.lower(): value for name, value in response.headers.items()}
                sent = {name.lower(): value for name, value in response.request.headers.items()}
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL) as error:
            what = f"{wanted.label} at {self.base_url.host}: {type(error).__name__}"
            raise Unreachable(f"{what}. Is the service running, and the URL right?") from error
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
            # The error is not repeated, because it may quote a credential.
            raise SpecimenError(f"{wanted.label}: HTTP has no such request. Is a header's name or value odd?") from error
        except httpx.TimeoutException:
            return _without_response(wanted, TIMEOUT)
        except httpx.DecodingError:
            return _without_response(wanted, UNREADABLE)
        except httpx.TransportError:
            return _without_response(wanted, CLOSED)
        except _Cut as cut:
            return _without_response(wanted, cut.why)
        return replace(
            wanted, request_headers=sent, status=response.status_code, response_headers=shown, response_body=content, at=_now()
        )


def _without_response(wanted: Exchange, why: str) -> Exchange:
    return replace(wanted, failure=why, at=_now())


def _read(response: httpx.Response, until: float) -> bytes:
    """Reads the whole body of an answer; of an event stream, which need not end, up to the first event."""
    is_stream = response.headers.get("content-type", "").partition(";")[0].strip().lower() == EVENT_STREAM
    reader = EventReader()
    content = b""
    try:
        for part in response.iter_bytes():
            content += part
            has_event = is_stream and next(reader.feed(part), None) is not None
            if is_stream and (has_event or len(content) > MOST_ANSWER_BYTES or time.monotonic() > until):
                break
            if len(content) > MOST_ANSWER_BYTES:
                raise _Cut(TOO_LARGE)
            if time.monotonic() > until:
                raise _Cut(TIMEOUT)
    except (httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError):
        if not is_stream:  # a stream may end anywhere
            raise
    return content


def _now() -> int:
    return time.time_ns() // 1_000_000

"""Sends one request over HTTP and returns its exchange."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx

from specimen.contracts.client.client_errors import Unreachable, Untrusted
from specimen.contracts.client.clock import now
from specimen.contracts.client.head_deadline import HeadDeadline
from specimen.contracts.client.network import Tls
from specimen.contracts.http.base_url import BaseUrl
from specimen.contracts.http.content_encoding import MOST_BYTES, Decoder, TooLarge, Undecodable, acceptable
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.no_response import CLOSED, TIMEOUT, TOO_LARGE, UNREADABLE
from specimen.contracts.http.sse import EVENT_STREAM, EventReader
from specimen.specs import SpecimenError
from specimen.specs.core.version import user_agent

MOST_ANSWER_BYTES = MOST_BYTES
ACCEPT_ENCODING = acceptable("gzip, deflate, br, zstd")
STREAM_SECONDS = 2.0
CONNECT_SECONDS = 2.0


class Cut(Exception):
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
        self, base_url: BaseUrl, *, timeout_seconds: float, proxy: str | None, tls: Tls, transport: httpx.BaseTransport | None
    ) -> None:
        self.base_url = base_url
        self._timeout = timeout_seconds
        self._proxy = proxy
        is_plain = base_url.scheme == "http" and not (proxy or "").startswith("https:")
        options: dict[str, Any] = {
            "follow_redirects": False,
            "timeout": timeout_seconds,
            # Nothing of the environment but the proxy, which is worked out in one place for all phases.
            "trust_env": False,
            "proxy": proxy,
            "headers": {"user-agent": user_agent(), "accept-encoding": ACCEPT_ENCODING},
            "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if is_plain else tls.context(),
        }
        self._kept = httpx.Client(transport=transport, **options)
        self._new = httpx.Client(transport=transport, limits=httpx.Limits(max_keepalive_connections=0), **options)
        self._is_network = transport is None
        # The connection that each client has open; both send one request after the other.
        self._open: dict[httpx.Client, socket.socket] = {}

    def close(self) -> None:
        """Closes the connections."""
        self._kept.close()
        self._new.close()

    def is_up(self) -> bool:
        """Whether the host, or the proxy before it, accepts connections."""
        proxy = urlsplit(self._proxy or "")
        place = (proxy.hostname, proxy.port or 80) if proxy.hostname else (self.base_url.host, self.base_url.port)
        try:
            socket.create_connection(place, CONNECT_SECONDS).close()
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

        def trace(event: str, info: Any) -> None:
            if event == "connection.connect_tcp.started":
                opened.append(event)
            if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
                self._open[client] = info["return_value"].get_extra_info("socket")
                deadline.watch(self._open[client])

        url = str(self.base_url) + wanted.path + (f"?{wanted.query}" if wanted.query else "")
        timeout = httpx.Timeout(self._timeout, read=STREAM_SECONDS if is_stream else self._timeout)
        # Bytes, since a token may be in any alphabet: a header is Latin-1 or UTF-8.
        headers = [(name.encode(), value.encode("utf-8")) for name, value in wanted.request_headers.items()]
        until = time.monotonic() + (STREAM_SECONDS if is_stream else self._timeout)
        deadline = HeadDeadline(until - time.monotonic(), self._open.get(client))
        try:
            with contextlib.ExitStack() as answer:
                with deadline:
                    response = answer.enter_context(
                        client.stream(
                            wanted.method, url, headers=headers, content=wanted.request_body or None, timeout=timeout,
                            extensions={"trace": trace},
                        )
                    )  # fmt: skip
                shown = {name.lower(): value for name, value in response.headers.items()}
                is_stream = shown.get("content-type", "").partition(";")[0].strip().lower() == EVENT_STREAM
                encoding = shown.pop("content-encoding", "")
                if response.is_stream_consumed:  # a transport in place of the network may give what it has read and decoded
                    content = read([response.content], "", until, is_stream=is_stream)
                else:
                    content = read(response.iter_raw(), encoding, until, is_stream=is_stream)
                sent = {name.lower(): value for name, value in response.request.headers.items()}
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL) as error:
            what = f"{wanted.label} at {self.base_url.host}: {type(error).__name__}"
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise Untrusted(
                    f"{what}: its certificate is not trusted. --ca names the signer's, --insecure checks none."
                ) from error
            raise Unreachable(f"{what}. Is the service running, and the URL right?") from error
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol) as error:
            # The error is not repeated, because it may quote a credential.
            raise SpecimenError(f"{wanted.label}: HTTP has no such request. Is a header's name or value odd?") from error
        except httpx.TimeoutException:
            return _without_response(wanted, TIMEOUT)
        except httpx.TransportError:
            return _without_response(wanted, TIMEOUT if deadline.is_over else CLOSED)
        except Cut as cut:
            return _without_response(wanted, cut.why)
        return replace(
            wanted, request_headers=sent, status=response.status_code, response_headers=shown, response_body=content, at=now()
        )


def _without_response(wanted: Exchange, why: str) -> Exchange:
    return replace(wanted, failure=why, at=now())


def read(chunks: Iterable[bytes], encoding: str, until: float, *, is_stream: bool) -> bytes:
    """Reads the whole body of an answer, decoded; of an event stream, which need not end, up to the first event.

    Raises:
        Cut: it is too large, not in its encoding, or not at its end by `until`, a time of the monotonic clock.
    """
    reader, content = EventReader(), bytearray()
    try:
        decoder = Decoder(encoding, MOST_ANSWER_BYTES)
        for chunk in chunks:
            part = decoder.feed(chunk)
            content += part
            has_event = is_stream and next(reader.feed(part), None) is not None
            if is_stream and (has_event or time.monotonic() > until):
                return bytes(content)
            if time.monotonic() > until:
                raise Cut(TIMEOUT)
        decoder.end()
    except TooLarge as error:
        if not is_stream:
            raise Cut(TOO_LARGE) from error
    except Undecodable as error:
        raise Cut(UNREADABLE) from error
    except (httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError):
        if not is_stream:  # a stream may end anywhere
            raise
    return bytes(content)

"""Sends requests of the proxy, unchanged, to one base URL only."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator

import httpx

from specimen.contracts.client.network import Tls
from specimen.contracts.http.content_encoding import acceptable
from specimen.contracts.traffic.monitor import BaseUrl, headers_of

CONNECT_SECONDS = 5.0
# RFC 9110, section 7.6.1: these are for one connection. Expect is answered by the server that the app talks to.
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
     "transfer-encoding", "upgrade", "expect"}
)  # fmt: skip
Pairs = list[tuple[bytes, bytes]]


class UpstreamError(Exception):
    """The target gave no complete answer; `status` is what the app gets."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Target:
    """Sends requests to a base URL: no redirect is followed, no cookie kept, nothing added."""

    def __init__(self, base_url: BaseUrl, timeout_seconds: float, tls: Tls | None = None) -> None:
        self.base_url = base_url
        self.timeout_seconds = timeout_seconds
        # A bare transport adds no header, reads no netrc, follows nothing and goes through no proxy of the environment.
        self._transport = httpx.AsyncHTTPTransport(
            limits=httpx.Limits(max_connections=None),
            verify=(tls or Tls()).context() if base_url.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        )

    async def ask(
        self, method: str, path_and_query: bytes, headers: Pairs, body: AsyncIterator[bytes] | None, *, is_stream: bool
    ) -> httpx.Response:
        """Returns the answer to a request, its body not yet read; `path_and_query` are sent byte by byte as they are.

        The head of the answer is whole within the time-out once the request's body was sent, however it drips.

        Raises:
            UpstreamError: there is none.
        """
        timeout = {
            "connect": min(CONNECT_SECONDS, self.timeout_seconds),
            "pool": self.timeout_seconds,
            "write": self.timeout_seconds,
        }
        # The body of a request comes from the app at its own pace.
        head = asyncio.timeout(self.timeout_seconds if is_stream or body is None else None)
        asked = httpx.Request(
            method,
            self.base_url.origin,
            headers=self._headers(headers),
            content=body if is_stream or body is None else self._until_sent(body, head),
            extensions={
                "timeout": {**timeout, "read": None if is_stream else self.timeout_seconds},
                "target": self.base_url.path.encode("latin-1") + path_and_query,
            },
        )
        try:
            # Between the events of a stream there may be any time; before its head there may not.
            async with head:
                return await self._transport.handle_async_request(asked)
        except (httpx.TransportError, TimeoutError) as error:
            raise self.no_answer(error) from error

    async def _until_sent(self, body: AsyncIterator[bytes], head: asyncio.Timeout) -> AsyncIterator[bytes]:
        """The request's body; when it has ended, the time for the head of the answer begins."""
        async for part in body:
            yield part
        head.reschedule(asyncio.get_running_loop().time() + self.timeout_seconds)

    async def close(self) -> None:
        """Closes the connections."""
        await self._transport.aclose()

    def no_answer(self, error: Exception) -> UpstreamError:
        """Describes an error of the transport."""
        where = self.base_url.origin
        if isinstance(error, httpx.ConnectTimeout):
            return UpstreamError(504, f"{where} took no connection within {min(CONNECT_SECONDS, self.timeout_seconds):g} s.")
        if isinstance(error, (httpx.TimeoutException, TimeoutError)):
            return UpstreamError(504, f"{where} did not answer within {self.timeout_seconds:g} s (--timeout).")
        if isinstance(error, httpx.ConnectError):
            return UpstreamError(502, f"{where} takes no connections ({error or 'refused'}). Is it running, and --target right?")
        what = "broke the connection before its answer was whole, or switched protocols"
        return UpstreamError(502, f"{where} {what} ({type(error).__name__}).")

    def _headers(self, pairs: Pairs) -> Pairs:
        headers = headers_of(pairs)
        kept = passed_on(pairs, frozenset({"host", "accept-encoding"}))
        if "accept-encoding" in headers:  # what cannot be decoded here could not be judged
            kept.append((b"accept-encoding", acceptable(headers["accept-encoding"]).encode("latin-1")))
        # No Via and no X-Forwarded-For: some servers stop compressing or change their links for one.
        return [(b"host", self.base_url.origin.partition("://")[2].encode("ascii")), *kept]


def passed_on(pairs: Pairs, without: frozenset[str] = frozenset()) -> Pairs:
    """Headers, names in lower case, without those that are for one connection or named in `Connection`, or a false length."""
    named = headers_of(pairs).get("connection", "").split(",")
    if "transfer-encoding" in headers_of(pairs):
        without |= {"content-length"}  # RFC 9112, section 6.3: the length beside chunks is not true
    drop = _HOP_BY_HOP | without | {name.strip().lower() for name in named}
    return [(name.lower(), value) for name, value in pairs if name.decode("latin-1").lower() not in drop]

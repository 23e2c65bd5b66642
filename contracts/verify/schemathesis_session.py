"""Sends what Schemathesis generates within the limits of the transport: one network, one budget, one bound on answers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import requests
from requests.adapters import HTTPAdapter
from schemathesis.transport.requests import SameHostRedirectsSession
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from specimen.contracts.client.head_deadline import HeadDeadline
from specimen.contracts.client.http_connection import ACCEPT_ENCODING, Cut, read
from specimen.contracts.client.transport import Transport
from specimen.contracts.http.no_response import TIMEOUT
from specimen.contracts.http.sse import EVENT_STREAM
from specimen.specs import SpecimenError

_PIECE_BYTES = 64 * 1024


class Unread(requests.exceptions.ContentDecodingError):
    """An answer was not read to its end; `failure` says why."""

    def __init__(self, failure: str, request: requests.PreparedRequest) -> None:
        super().__init__(failure, request=request)
        self.failure = failure


class _InTime:
    """A connection whose answers' heads come within its time-out as a whole."""

    sock: Any

    def getresponse(self) -> Any:
        """Reads the head of an answer; raises `TimeoutError` where it is not there in time."""
        seconds = self.sock.gettimeout()
        if seconds is None:
            return super().getresponse()  # type: ignore[misc] # of the class it is mixed into
        deadline = HeadDeadline(seconds, self.sock)
        try:
            with deadline:
                return super().getresponse()  # type: ignore[misc] # as above
        finally:
            if deadline.is_over:  # also where half a head was taken for a whole one
                raise TimeoutError("the head of the answer was not there in time")


class _HttpConnection(_InTime, HTTPConnection):
    """Over plain TCP."""


class _HttpsConnection(_InTime, HTTPSConnection):
    """Over TLS."""


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


_POOLS = {"http": _HttpPool, "https": _HttpsPool}


class _BoundedAdapter(HTTPAdapter):
    """Sends for one transport; `mistake` gets what ends the run."""

    def __init__(self, sender: Transport, mistake: Callable[[Exception], None]) -> None:
        self._sender = sender
        self._mistake = mistake
        super().__init__()

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        """Sends a request, and returns an answer whose body is read, decoded and not too large.

        Raises:
            Unread: the body is too large, not in its encoding, or not whole in time.
        """
        try:
            self._sender.limits.before()
        except SpecimenError as error:
            self._mistake(error)
            raise
        request.headers["Accept-Encoding"] = ACCEPT_ENCODING
        timeout = options.get("timeout")
        seconds = float(timeout if isinstance(timeout, (int, float)) else timeout[1] if timeout else 10.0)
        until = time.monotonic() + seconds
        proxy = self._sender.proxy
        proxies = {"http": proxy, "https": proxy} if proxy else {}
        options |= {"stream": True, "proxies": proxies, "verify": not self._sender.tls.is_insecure}
        response = super().send(request, **options)
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        encoding = response.raw.headers.pop("content-encoding", "")
        response.headers.pop("content-encoding", None)
        if kind == EVENT_STREAM and not encoding:
            return response  # Schemathesis reads one for as long as its timeout, event by event
        try:
            response._content = read(_pieces(response), encoding, until, is_stream=False)  # noqa: SLF001 - requests has no other way
        except Cut as cut:
            response.close()
            raise Unread(cut.why, request) from cut
        except ReadTimeoutError as error:
            raise Unread(TIMEOUT, request) from error
        except (ProtocolError, OSError) as error:
            raise requests.exceptions.ChunkedEncodingError(error, request=request) from error
        except HTTPError as error:
            raise requests.ConnectionError(error, request=request) from error
        response._content_consumed = True  # noqa: SLF001 - as above
        try:
            self._sender.limits.after(response.status_code, response.headers.get("retry-after"))
        except SpecimenError as error:
            self._mistake(error)  # this answer is judged, and the next request is not sent
        return response

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Makes the pool of connections, with the transport's TLS."""
        super().init_poolmanager(*args, **{**options, **self._tls()})
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """The same through a proxy."""
        found = super().proxy_manager_for(proxy, **options, **self._tls())
        found.pool_classes_by_scheme = _POOLS
        return found

    def _tls(self) -> dict[str, Any]:
        return {"ssl_context": self._sender.tls.context()} if self._sender.base_url.startswith("https:") else {}


def _pieces(response: requests.Response) -> Iterator[bytes]:
    while piece := response.raw.read1(_PIECE_BYTES, decode_content=False):
        yield piece


@contextlib.contextmanager
def confined(sender: Transport, mistake: Callable[[Exception], None]) -> Iterator[None]:
    """Makes every session of Schemathesis send by way of the transport's limits, while the context lasts.

    Its sessions are made in three places, one of which no option reaches. They have one class, which is confined: no password
    file, no proxy but the transport's, no redirect followed, no cookie kept.
    """

    def confine(session: requests.Session) -> None:
        requests.Session.__init__(session)
        session.trust_env = False
        for scheme in ("http://", "https://"):
            session.mount(scheme, _BoundedAdapter(sender, mistake))

    with (
        mock.patch.object(SameHostRedirectsSession, "__init__", confine),
        mock.patch.object(SameHostRedirectsSession, "get_redirect_target", return_value=None),
    ):
        yield

"""What the client of deliveries says of targets that give no answer."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest

from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.http.tls import self_signed
from specimen.mockserver.settings import Settings
from specimen.mockserver.webhooks.http_client import Poster
from tests.mockserver.webhooks.receiver import WAIT_SECONDS, receiving


def _failure(url: str) -> str | None:
    return asyncio.run(_posted(url))


async def _posted(url: str) -> str | None:
    poster = Poster(url)
    try:
        return (await poster.post({}, b"{}", WAIT_SECONDS)).failure
    finally:
        poster.close()


def test_tls__a_certificate_that_is_not_trusted() -> None:
    """The log names it, as the TLS library does."""
    with running(build_app(Settings(providers=("kyve",))), tls=self_signed("127.0.0.1", None)) as url:
        failure = _failure(f"{url}/hook")
    assert failure is not None
    assert failure.startswith("TLS failed: ")
    assert "certificate" in failure


def test_tls__a_receiver_that_speaks_plain_http() -> None:
    """The connection was not refused: what came is no TLS."""
    with receiving() as receiver:
        failure = _failure(receiver.url.replace("http://", "https://"))
    assert failure is not None
    assert failure.startswith("TLS failed: ")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_refused__where_nobody_listens(scheme: str) -> None:
    """That is what a refused connection is called, with and without TLS."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert _failure(f"{scheme}://127.0.0.1:{port}/") == "connection refused"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_closed__by_who_had_accepted(scheme: str) -> None:
    """A connection that is reset, before or after the handshake of TLS, is closed and not refused."""

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()

    async def failure() -> str | None:
        server = await asyncio.start_server(reset, "127.0.0.1", 0)
        async with server:
            return await _posted(f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}/")

    assert asyncio.run(failure()) == "connection closed"


def test_unknown_host__is_not_refused() -> None:
    """RFC 6761, section 6.4: a name that ends in .invalid has no address."""
    assert _failure("http://hook.invalid/") == "host not found"

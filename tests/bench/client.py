"""The bundled load client: reads what to do as JSON from its input, writes what it saw as JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from array import array
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import httptools

from tests.bench.load import Work


class _Tally:
    def __init__(self) -> None:
        self.latencies = array("d")
        self.errors = 0
        self.is_over = False


class _Connection(asyncio.Protocol):
    """One connection that has one request on its way at a time."""

    def __init__(self, requests: _Requests, tally: _Tally) -> None:
        self._requests = requests
        self._tally = tally
        self._parser = httptools.HttpResponseParser(self)
        self._transport: Any = None
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        tally = self._tally
        if tally.is_over:
            self._transport.close()
            return
        tally.latencies.append(time.perf_counter() - self._sent_at)
        if self._parser.get_status_code() >= 400:
            tally.errors += 1
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._tally.is_over:
            self._tally.errors += 1

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._requests.next())


class _Requests:
    """The bytes to send, built once but for the unique header."""

    def __init__(self, work: Work, host: str) -> None:
        body = work.body
        headers = {"Host": host, **work.headers}
        if body:
            headers["Content-Length"] = str(len(body))
        lines = [f"{work.method} {work.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        if work.unique is not None:
            lines.append(f"{work.unique}: {work.new_prefix()}")
        self._head = "\r\n".join(lines).encode()
        self._tail = b"\r\n\r\n" + body
        self._numbers = None if work.unique is None else count(1)

    def next(self) -> bytes:
        if self._numbers is None:
            return self._head + self._tail
        return self._head + str(next(self._numbers)).encode() + self._tail


async def _run(task: dict[str, Any]) -> dict[str, float]:
    address = urlsplit(task["url"])
    work = Work(**{**task["work"], "body": task["work"]["body"].encode("latin-1")})
    requests, tally = _Requests(work, address.netloc), _Tally()
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    for _ in range(task["connections"]):
        await loop.create_connection(lambda: _Connection(requests, tally), address.hostname, address.port)
    await asyncio.sleep(task["seconds"] - (time.perf_counter() - begun))
    tally.is_over = True
    seconds = time.perf_counter() - begun
    latencies = sorted(tally.latencies) or [0.0]
    return {
        "requests": len(tally.latencies),
        "seconds": seconds,
        "errors": tally.errors,
        "p50": latencies[len(latencies) // 2],
        "p99": latencies[len(latencies) * 99 // 100],
    }


def main() -> None:
    """Makes the load."""
    run = asyncio.run
    with contextlib.suppress(ImportError):
        import uvloop

        run = uvloop.run
    print(json.dumps(run(_run(json.load(sys.stdin)))))


if __name__ == "__main__":
    main()

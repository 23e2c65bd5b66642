"""The mock without a server: the memory that live sessions take, and where the time of a request goes."""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import io
import json
import os
import pstats
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any
from urllib.parse import unquote

from specimen import specs
from specimen.mockserver.app import App, build_app
from specimen.mockserver.settings import Pace, Settings
from specimen.mockserver.testing import in_process
from tests.bench.load import Work
from tests.bench.machine import resident_bytes
from tests.bench.targets import CASES, Entry, create_request

LIVE_SESSIONS = 100_000
# Of so many sessions one is read as well, so that the cache of rendered answers is full.
_READ_EVERY = 10
_PROFILED_REQUESTS = 10_000
_TOP_LINES = 12


def exchange(app: App, work: Work) -> Callable[[], Awaitable[bytes]]:
    """A function that sends the request once and gives the answer's body."""
    body, sent = work.body, count()
    headers = [(b"host", b"127.0.0.1:8080")]
    headers += [(name.lower().encode(), value.encode()) for name, value in work.headers.items()]
    if body:
        headers.append((b"content-length", str(len(body)).encode()))
    unique = None if work.unique is None else work.unique.lower().encode()
    chunks: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            chunks.append(message["body"])

    async def once() -> bytes:
        chunks.clear()
        named = headers if unique is None else [*headers, (unique, str(next(sent)).encode())]
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": work.method,
            "scheme": "http",
            "path": unquote(work.path),
            "raw_path": work.path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": list(named),
        }
        await app(scope, receive, send)
        return b"".join(chunks)

    return once


def live_sessions(most: int) -> dict[str, float]:
    """This process's memory before and after so many kayle sessions were made through the API."""
    app, provider = build_app(), specs.load("kayle")
    request = create_request(provider)
    create = exchange(app, Work.of(request))

    async def make() -> None:
        for number in range(most):
            session = json.loads(await create())["data"]["id"]
            if number % _READ_EVERY == 0:
                read = Work("GET", f"{provider.mount}/v1/sessions/{session}", request["headers"])
                assert b'"status"' in await exchange(app, read)()

    before, begun = resident_bytes(os.getpid()) or 0, time.perf_counter()
    asyncio.run(make())
    seconds = time.perf_counter() - begun
    return {"sessions": most, "before": before, "after": resident_bytes(os.getpid()) or 0, "seconds": seconds}


def profiled(provider_name: str, requests: int) -> str:
    """The time of a request without a server, and the functions that most of it goes to."""
    app = build_app(Settings(pace=Pace("instant")))

    def ask(entry: Entry) -> tuple[int, bytes]:
        return in_process.send(app, entry["method"], entry["path"], entry["headers"], entry["body"])

    case = next(case for case in CASES if case.provider_name == provider_name)
    once = exchange(app, case.work(ask))

    async def repeat() -> float:
        begun = time.perf_counter()
        for _ in range(requests):
            await once()
        return (time.perf_counter() - begun) / requests

    asyncio.run(repeat())
    plain = asyncio.run(repeat())
    profile = cProfile.Profile()
    profile.runcall(asyncio.run, repeat())
    text = io.StringIO()
    pstats.Stats(profile, stream=text).strip_dirs().sort_stats("tottime").print_stats(_TOP_LINES)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    head = next(index for index, line in enumerate(lines) if line.lstrip().startswith("ncalls"))
    shown = "\n".join(line for line in lines[head:] if line)
    return f"{case.title}: {plain * 1e6:.1f} µs a request in process; by own time, {requests} requests under cProfile:\n{shown}"


def main() -> None:
    """Measures one thing in this process and prints it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("sessions", *(case.provider_name for case in CASES)))
    parser.add_argument("--count", type=int, default=None)
    arguments = parser.parse_args()
    if arguments.what == "sessions":
        print(json.dumps(live_sessions(arguments.count or LIVE_SESSIONS)))
    else:
        print(profiled(arguments.what, arguments.count or _PROFILED_REQUESTS))


if __name__ == "__main__":
    main()

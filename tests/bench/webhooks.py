"""`python -m tests.bench.webhooks`: how many deliveries a second of the sender's processor time brings to a receiver here."""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import socket
import time
from typing import Any

from specimen.mockserver.app import build_app
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.settings import Pace, Settings
from specimen.mockserver.webhooks.registration import Registration

# Deliveries per CPU-second of the sender that are aimed at.
TARGETS = {"kyve": 1_000, "kayle": 700, "idnow": None}
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_SECONDS = 300


class _Receiver(asyncio.Protocol):
    """Counts requests with a length and answers them at once; as little as a receiver can do."""

    def __init__(self, counter: Any) -> None:
        self._counter = counter
        self._left = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._left += data
        while True:
            head, found, rest = self._left.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0) if found else 0
            if not found or len(rest) < length:
                return
            self._left = rest[length:]
            with self._counter.get_lock():
                self._counter.value += 1
            self._transport.write(_ANSWER)  # type: ignore[attr-defined]  # of a stream it is one that writes


def _receive(listening: socket.socket, counter: Any) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: _Receiver(counter), sock=listening)
        await server.serve_forever()

    asyncio.run(serve())


async def _sent(name: str, url: str, sessions: int, counter: Any) -> tuple[int, float]:
    """How many deliveries came, and the processor time that sending them took; what made the sessions is not counted."""
    app = build_app(Settings(providers=(name,), pace=Pace.parse("instant")))
    await app.add_webhook(Registration(name, url))
    state = app.mounted[name].shared_state
    namespace = await app.namespaces.get("default")
    made = Sessions(state, namespace, "http://127.0.0.1:8080", namespace.clock.now())
    for _ in range(sessions):
        await made.create({})
    before, began = time.process_time(), time.monotonic()
    app.webhooks.start()
    seen = -1
    while counter.value != seen or seen < sessions:  # until none has come for a while
        if time.monotonic() - began > _SECONDS:
            raise SystemExit(f"{name}: only {counter.value} deliveries came in {_SECONDS} s")
        seen, spent = counter.value, time.process_time() - before
        await asyncio.sleep(0.3)
    await app.webhooks.stop()
    return seen, spent


def measured(name: str, sessions: int) -> tuple[int, float]:
    """The deliveries of a provider's sessions to a receiver in a process of its own, and the sender's processor time."""
    context = multiprocessing.get_context("fork")
    counter = context.Value("l", 0)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        receiver = context.Process(target=_receive, args=(listening, counter), daemon=True)
        receiver.start()
        try:
            return asyncio.run(_sent(name, f"http://127.0.0.1:{listening.getsockname()[1]}/hook", sessions, counter))
        finally:
            receiver.kill()
            receiver.join()


def main() -> None:
    """Measures each provider and prints a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sessions", type=int, default=2_000)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    print("| Webhooks of | Deliveries | CPU-seconds | Deliveries/CPU-second | Target | Met |\n|---|---:|---:|---:|---:|---:|")
    for name, target in TARGETS.items():
        runs = sorted((measured(name, given.sessions) for _ in range(given.rounds)), key=lambda run: run[0] / run[1])
        count, seconds = runs[len(runs) // 2]
        rate = count / seconds
        met = "" if target is None else "yes" if rate >= target else "no"
        aim = "" if target is None else f"≥ {target:,}"
        print(f"| {name} | {count:,} | {seconds:.2f} | {rate:,.0f} | {aim} | {met} |")


if __name__ == "__main__":
    main()

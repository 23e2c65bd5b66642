"""A receiver of webhooks on a port of this machine, which keeps what it gets and answers as it is told to."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WAIT_SECONDS = 20.0


@dataclass(frozen=True)
class Received:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came, oldest first. `answer` gives the status of the next answer; it may wait."""

    url: str = ""
    answer: Callable[[Received], int] = lambda _: 200
    received: list[Received] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int) -> list[Received]:
        """What came, as soon as there are so many."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.received) >= count, WAIT_SECONDS):
                raise AssertionError(f"{len(self.received)} of {count} deliveries came")
            return list(self.received)


@contextlib.contextmanager
def receiving(answer: Callable[[Received], int] = lambda _: 200) -> Iterator[Receiver]:
    """A receiver while the context lasts."""
    receiver = Receiver(answer=answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            request = Received("POST", self.path, dict(self.headers.items()), body)
            with receiver.changed:
                receiver.received.append(request)
                receiver.changed.notify_all()
            status = receiver.answer(request)
            self.send_response(status)
            self.send_header("content-length", "2")
            if status == 302:
                self.send_header("location", "/elsewhere")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:  # a sender that was killed
            pass

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()

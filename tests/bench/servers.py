"""The mock's counterparts, each a process: a bare ASGI function, and stock Connexion; both send one answer that never changes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from specimen.mockserver.http.server import config
from specimen.mockserver.settings import Settings
from specimen.specs.core.listening import listen


def bare_app(status: int, answer: bytes) -> ASGIApp:
    """Reads the request's body and sends the answer: the least that an ASGI application can do."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body", False):
            pass
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return app


def serve(app: Any, ready: Path) -> None:
    """Serves on the mock's own server."""
    listening = listen("127.0.0.1", 0)
    temporary = ready.with_suffix(".tmp")
    temporary.write_text(json.dumps({"url": f"http://127.0.0.1:{listening.getsockname()[1]}"}))
    temporary.replace(ready)  # from here on connections wait in the socket's queue
    uvicorn.Server(config(app, Settings())).run(sockets=[listening])


def main() -> None:
    """Serves until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("bare", "stock"))
    parser.add_argument("provider")
    parser.add_argument("status", type=int)
    parser.add_argument("answer", type=Path)
    parser.add_argument("ready", type=Path)
    arguments = parser.parse_args()
    answer = arguments.answer.read_bytes()
    if arguments.kind == "bare":
        serve(bare_app(arguments.status, answer), arguments.ready)
        return
    from specimen import specs
    from tests.bench.stock import stock_app

    serve(stock_app(specs.load(arguments.provider), arguments.status, answer), arguments.ready)


if __name__ == "__main__":
    main()

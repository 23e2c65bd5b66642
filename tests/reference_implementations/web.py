"""What both stand-ins need of HTTP: a JSON body, an answer, and a real port."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

START_SECONDS = 20
NO_BODY = object()

Handler = Callable[[Request], Any]


class NotJson(Exception):
    """A body that is no JSON, or is sent as something else; `status` is the answer's."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


async def body_of(request: Request) -> Any:
    """The request's JSON value; NO_BODY where none was sent."""
    raw = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if raw and kind != "application/json":
        raise NotJson(415)
    if not raw:
        return NO_BODY
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotJson(400) from error


def _refuse(name: str) -> Any:
    raise ValueError(name)


def answer(value: Any, status: int = 200, **headers: str) -> Response:
    """A JSON answer."""
    return Response(json.dumps(value, ensure_ascii=False).encode(), status, headers, "application/json")


def time_text(seconds: float) -> str:
    """A time as the pages' examples show it, to the second."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def application(routes: list[Route], drive: Callable[[str], str | None], refuse: Callable[[int], Any]) -> Starlette:
    """The vendor's routes and a private one, `POST /_drive/{state}`, that makes a session in a state and answers its id.

    `refuse` gives the body of an answer for a status such as 404 or 405.
    """

    async def driven(request: Request) -> Response:
        found = drive(request.path_params["state"])
        return answer({"id": found}, 200 if found else 404)

    async def refused(_: Request, error: Exception) -> Response:
        status = error.status if isinstance(error, NotJson) else getattr(error, "status_code", 500)
        return answer(refuse(status), status, **(getattr(error, "headers", None) or {}))

    hidden = Route("/_drive/{state}", driven, methods=["POST"], include_in_schema=False)
    return Starlette(routes=[*routes, hidden], exception_handlers={HTTPException: refused, NotJson: refused})


@contextlib.contextmanager
def running(app: Starlette) -> Iterator[str]:
    """The application on a free port of this machine while the context lasts; gives its URL."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        assert thread.is_alive(), "the stand-in ended"
        assert time.monotonic() < deadline, "the stand-in did not start"
        time.sleep(0.01)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)

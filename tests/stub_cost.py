"""Prints what `verify` costs in CPU before a sound service and before broken ones: `python -m tests.stub_cost [PROFILE]`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from specimen import specs
from tests import serving
from tests.contracts import targets

Send = Callable[[dict[str, object]], Awaitable[None]]
PROVIDER, TOKEN = "kayle", "kk_live_specimen"


def _example() -> bytes:
    """The document's own example of a session."""
    operation = specs.load(PROVIDER).document.operations["getSession"]
    return json.dumps(next(iter(operation.responses["200"].media[0].examples.values()))).encode()


# What the broken services answer to every request: status, content type, body.
STUBS = {
    "{} to everything": (200, b"application/json", b"{}"),
    "500 to everything": (500, b"application/json", b'{"error": {"code": "INTERNAL_ERROR", "message": "x"}}'),
    "HTML to everything": (200, b"text/html", b"<!doctype html><title>Sign in</title>"),
    "one session for all": (200, b"application/json", _example()),
}
SOUND = "the sandbox"


def stub(status: int, content_type: bytes, body: bytes) -> Callable[..., Awaitable[None]]:
    """An ASGI application with one answer."""

    async def app(scope: dict[str, object], receive: Callable[[], Awaitable[dict[str, object]]], send: Send) -> None:
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body if scope.get("method") != "HEAD" else b""})

    return app


@contextmanager
def target(name: str) -> Iterator[str]:
    """The base URL of a service of this name while the context lasts."""
    if name == SOUND:
        with targets.mock(providers=(PROVIDER,)) as url:
            yield f"{url}/{PROVIDER}"
    else:
        with targets.serving(stub(*STUBS[name])) as url:
            yield url


def cpu_seconds(url: str, profile: str, folder: Path) -> float:
    """User and system time of one run of `specimen verify`, in a process of its own."""
    command = [*serving.FROM_SOURCE, "verify", PROVIDER, "--url", url, "--token", TOKEN, "--profile", profile]
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, env=serving.environment(), stdout=out, stderr=out)
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Prints a line for each service."""
    profile = sys.argv[1] if len(sys.argv) > 1 else "ci"
    sound = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for name in (SOUND, *STUBS):
            with target(name) as url:
                cost = min(cpu_seconds(url, profile, Path(folder)) for _ in range(2))
            sound = sound or cost
            print(f"{name:<20} {cost:5.1f} s of CPU   {cost / sound:4.2f} of a sound one", flush=True)


if __name__ == "__main__":
    main()

"""Other mock servers, from npm, with the same kayle document."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from specimen.specs import Provider
from tests.bench.machine import BenchError
from tests.bench.processes import Server, serving

# Prism 5.15 and later want Node 24; this one runs on Node 18 and later.
PRISM = "5.14.2"
MOCKOON = "9.9.0"
_INSTALL_SECONDS = 900
_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer's command; `{spec}` and `{port}` stand for the document and the port. `target`: how many times as fast to be."""

    title: str
    arguments: tuple[str, ...]
    target: float | None = None


PEERS = (
    Peer(f"Prism {PRISM} static", ("prism", "mock", "-h", "127.0.0.1", "-p", "{port}", "-v", "warn", "{spec}"), target=3),
    Peer(
        f"Prism {PRISM} dynamic", ("prism", "mock", "-d", "-h", "127.0.0.1", "-p", "{port}", "-v", "warn", "{spec}"), target=20
    ),
    Peer(
        f"Mockoon CLI {MOCKOON}",
        (
            "mockoon-cli", "start", "--data", "{spec}", "--port", "{port}", "--hostname", "127.0.0.1",
            "--disable-log-to-file", "--disable-admin-api", "--max-transaction-logs", "1",
        ),
    ),
)  # fmt: skip


def installed(say: Callable[[str], None]) -> Path:
    """The folder of the peers' commands; npm installs them on first use into the user's cache folder.

    Raises:
        BenchError: there is no npm, or it failed.
    """
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise BenchError("--peers needs node and npm on the path: https://nodejs.org")
    folder = kept()
    done = folder / ".installed"
    if not done.exists():
        say(f"installing Prism {PRISM} and Mockoon CLI {MOCKOON} from npm (once)")
        folder.mkdir(parents=True, exist_ok=True)
        names = [f"@stoplight/prism-cli@{PRISM}", f"@mockoon/cli@{MOCKOON}"]
        command = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--loglevel", "error", *names]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
        except subprocess.CalledProcessError as error:
            raise BenchError(f"npm failed: {error.stderr.strip()[-800:]}") from error
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"npm was not done after {_INSTALL_SECONDS} s") from error
        done.touch()
    return folder / "node_modules" / ".bin"


def kept() -> Path:
    """Where npm puts the peers; they are there once it holds `.installed`."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "specimen-bench" / f"prism-{PRISM}-mockoon-{MOCKOON}"


def serving_peer(
    peer: Peer, commands: Path, provider: Provider, core: int | None, folder: Path
) -> AbstractContextManager[Server]:
    """The peer with the provider's document while the context lasts."""
    port = _free_port()
    values = {"{spec}": str(provider.folder / "openapi.yaml"), "{port}": str(port)}
    name, *arguments = (values.get(part, part) for part in peer.arguments)
    url = f"http://127.0.0.1:{port}"
    return serving([str(commands / name), *arguments], core, folder, url=url, is_talkative=True, seconds=_START_SECONDS)


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])

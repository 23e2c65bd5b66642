"""Peers that answer the judge with bombs, endless bodies, floods and nonsense."""

from __future__ import annotations

import gzip
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.contracts.targets import scripted

_BOMB = gzip.compress(gzip.compress(b"\0" * 200_000_000, mtime=0), mtime=0)
_ENDS_WELL = (0, 1, 3, 4)


@dataclass
class PeerOutcome:
    """How a command ended before a peer."""

    peer: str
    code: int
    seconds: float
    has_traceback: bool
    megabytes: float

    @property
    def is_well(self) -> bool:
        """Whether the command ended with a code of its own, in time, without a traceback."""
        return self.code in _ENDS_WELL and not self.has_traceback


def _whole(head: str, body: bytes = b"{}") -> Callable[[socket.socket, bytes], None]:
    def talk(connection: socket.socket, _: bytes) -> None:
        text = f"HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
        connection.sendall(text.encode("utf-8") + body)
        connection.close()

    return talk


def _endless(head: bytes, piece: bytes, pause: float = 0) -> Callable[[socket.socket, bytes], None]:
    def talk(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(piece)
            time.sleep(pause)

    return talk


JSON = "content-type: application/json"
PEERS: dict[str, Callable[[socket.socket, bytes], None]] = {
    "gzip twice, 200 MB": _whole(f"200 OK\r\n{JSON}\r\ncontent-encoding: gzip, gzip", _BOMB),
    "an endless body": _endless(f"HTTP/1.1 200 OK\r\n{JSON}\r\n\r\n".encode(), b" " * 65536),
    "a body of 1 GB": _endless(f"HTTP/1.1 200 OK\r\n{JSON}\r\ncontent-length: 1073741824\r\n\r\n".encode(), b" " * 65536),
    "a body that drips": _endless(f"HTTP/1.1 200 OK\r\n{JSON}\r\n\r\n".encode(), b" ", 0.5),
    "a head that drips": _endless(b"HTTP/1.1 200 OK\r\nx: ", b"y", 0.5),
    "an endless head": _endless(b"HTTP/1.1 200 OK\r\n", b"x: " + b"y" * 1000 + b"\r\n"),
    "Retry-After: ²": _whole(f"429 Too Many\r\nretry-after: \u00b2\r\n{JSON}"),
    "Retry-After at an offset": _whole(f"503 No\r\nretry-after: Fri, 31 Dec 9999 23:59:59 -9999\r\n{JSON}"),
    "60,000 brackets": _whole(f"200 OK\r\n{JSON}", b"[" * 60_000),
    "numbers past all doubles": _whole(f"200 OK\r\n{JSON}", b'{"data": {"id": 1e999, "status": ' + b"9" * 4000 + b"}}"),
    "an endless event stream": _endless(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n", b": x\n"),
    "no HTTP": lambda connection, _: connection.sendall(b"SSH-2.0\r\n") or connection.close(),
    "a redirect to itself": _whole(f"302 Found\r\nlocation: /loop\r\n{JSON}"),
}


def judge_against(peer: str, seconds: float) -> PeerOutcome:
    """Runs `specimen verify` against one of the peers."""
    with scripted(PEERS[peer]) as url, tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "specimen", "verify", "kayle", "--url", url, "--token", "kk_live_specimen", "--profile",
                   "smoke", "--budget", "1", "--driver", "none", "--report", "json=report.json"]  # fmt: skip
        started = time.monotonic()
        try:
            done = subprocess.run(
                command, cwd=folder, env={**os.environ}, capture_output=True, text=True, timeout=seconds, check=False
            )
            code, said = done.returncode, done.stderr
        except subprocess.TimeoutExpired:
            code, said = -1, ""
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return PeerOutcome(peer, code, time.monotonic() - started, "Traceback" in said, most)

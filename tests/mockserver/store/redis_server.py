"""Redis servers of the tests' own, on free ports; one alone, by TLS too, or three as a cluster."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import redis

PROGRAM = shutil.which("redis-server")
WHY_NOT = "redis-server is not installed"
_SECONDS = 20
_SLOTS = 16384


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files of a server's certificate and its key, and of who signed it (PEM)."""

    authority: Path
    certificate: Path
    key: Path


@cache
def has_tls() -> bool:
    """Whether the installed `redis-server` was built with TLS: else it knows no `--tls-port`. It ends, for want of a port."""
    if PROGRAM is None:
        return False
    done = subprocess.run(
        [PROGRAM, "--port", "0", "--tls-port", "0"], capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    return "FATAL CONFIG" not in done.stdout + done.stderr


def free_port() -> int:
    """A port that was free a moment ago; a cluster's bus listens 10,000 above it."""
    while True:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port: int = found.getsockname()[1]
        if port < 50_000:
            return port


class RedisServer:
    """One `redis-server` that writes each command to its file before it answers; it can be killed and started again."""

    def __init__(self, folder: Path, *options: str, password: str | None = None, certificate: Certificate | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.options = options
        self.password = password
        self.certificate = certificate
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its URL; by TLS it names no authority."""
        login = "" if self.password is None else f":{self.password}@"
        return f"redis{'s' * (self.certificate is not None)}://{login}127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        assert PROGRAM is not None
        options = [
            *self._listening(),
            "--dir",
            str(self.folder),
            "--appendonly",
            "yes",
            "--save",
            "",
            "--bind",
            "127.0.0.1",
        ]
        login = [] if self.password is None else ["--requirepass", self.password]
        log = ["--logfile", str(self.folder / "redis.log"), "--appendfsync", "always"]
        self.process = subprocess.Popen([PROGRAM, *options, *log, *login, *self.options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                with self.client() as client:
                    client.ping()
                    return
            except redis.RedisError:
                assert self.process.poll() is None, (self.folder / "redis.log").read_text()
                assert time.monotonic() < deadline, "redis-server does not answer"
                time.sleep(0.02)

    def _listening(self) -> list[str]:
        if self.certificate is None:
            return ["--port", str(self.port)]
        files = {"ca-cert": self.certificate.authority, "cert": self.certificate.certificate, "key": self.certificate.key}
        options = [word for name, path in files.items() for word in (f"--tls-{name}-file", str(path))]
        return ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no", *options]

    def client(self) -> redis.Redis:
        """A client of this node alone."""
        if self.certificate is None:
            return redis.Redis(port=self.port, password=self.password)
        return redis.Redis(
            host="127.0.0.1", port=self.port, password=self.password, ssl=True, ssl_ca_certs=str(self.certificate.authority)
        )

    def kill(self) -> None:
        """Ends it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextlib.contextmanager
def serving(
    folder: Path, *options: str, password: str | None = None, certificate: Certificate | None = None
) -> Iterator[RedisServer]:
    """A server while the context lasts."""
    server = RedisServer(folder, *options, password=password, certificate=certificate)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextlib.contextmanager
def cluster(folder: Path, *options: str) -> Iterator[list[RedisServer]]:
    """A cluster of three nodes, each with a third of the slots, while the context lasts."""
    with contextlib.ExitStack() as stack:
        nodes = []
        options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000", *options)
        for number in range(3):
            own = folder / f"node-{number}"
            own.mkdir()
            nodes.append(stack.enter_context(serving(own, *options)))
        edges = [_SLOTS * number // 3 for number in range(4)]
        for node, first, end in zip(nodes, edges, edges[1:], strict=False):
            with node.client() as client:
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, end - 1)
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", nodes[0].port)
        deadline = time.monotonic() + _SECONDS
        for node in nodes:
            with node.client() as client:
                while not _is_whole(client):
                    assert time.monotonic() < deadline, "the nodes make no cluster"
                    time.sleep(0.05)
        yield nodes


def _is_whole(client: redis.Redis) -> bool:
    info = client.execute_command("CLUSTER", "INFO")
    text = info if isinstance(info, str) else info.decode() if isinstance(info, bytes) else str(info)
    return "cluster_state:ok" in text.replace("': '", ":") and "cluster_known_nodes:3" in text.replace("': '", ":")

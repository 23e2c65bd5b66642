"""A way to a server on which some requests get no answer, or not the whole of one."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from specimen.specs.core.listening import listen, url_of

Deed = Callable[[socket.socket], None]


def reset(connection: socket.socket) -> None:
    """Ends a connection with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


def close(connection: socket.socket) -> None:
    """Ends a connection without a word."""
    connection.close()


def half(connection: socket.socket) -> None:
    """Ends a connection amid the answer's body."""
    connection.sendall(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{"data": {')
    connection.close()


def rubbish(connection: socket.socket) -> None:
    """Answers what is no HTTP."""
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")
    connection.close()


def coded(connection: socket.socket) -> None:
    """Answers a body that is not what its Content-Encoding says."""
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\nconnection: close\r\n\r\nnope")
    connection.close()


class Front:
    """What came: `heads` of the requests, in their order."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.heads: list[bytes] = []


@contextlib.contextmanager
def dropping(target: str, deed: Callable[[bytes, int], Deed | None]) -> Iterator[Front]:
    """Passes requests on to a URL, but for those for which `deed(head, number)` names what becomes of the connection.

    A connection is for one request, as those of a server are that answers `Connection: close`.
    """
    parts = urlsplit(target)
    listening = listen("127.0.0.1", 0)
    front = Front(url_of(listening) + parts.path)

    def talk(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            request = _request(connection)
            if request is None:
                return
            head = request.partition(b"\r\n\r\n")[0]
            front.heads.append(head)
            done = deed(head, len(front.heads))
            if done is not None:
                done(connection)
                return
            with socket.create_connection((parts.hostname or "", parts.port or 80)) as there:
                there.sendall(re.sub(rb"(?i)\r\nconnection: [^\r]*", b"", head) + b"\r\nConnection: close" + request[len(head) :])
                while part := there.recv(65536):
                    connection.sendall(part)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield front
    finally:
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def _request(connection: socket.socket) -> bytes | None:
    """A whole request; None where there is none."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    while length is not None and len(body) < int(length[1]):
        part = connection.recv(65536)
        if not part:
            return None
        data, body = data + part, body + part
    return data

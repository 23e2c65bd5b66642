"""What the errors of a client of Redis mean, as sentences that hold nothing of what was sent."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Mapping

from redis import exceptions

# With what a request does besides, its caller has an answer within two seconds.
CALL_SECONDS = 1.5

_WORDS: Mapping[str, str] = {
    "NOAUTH": "it wants a password. Give it in the URL: redis://:password@host.",
    "WRONGPASS": "it refuses the user or the password of the URL.",
    "NOPERM": "the user of the URL may not run scripts, or not on these keys.",
    "OOM": "its memory is full (maxmemory). Give it more, or lower the bounds; see docs/store.md.",
    "READONLY": "it is a replica, which takes no writes. Name the primary.",
    "LOADING": "it still reads its file.",
    "MISCONF": "it cannot write its file; its log says why.",
    "CLUSTERDOWN": "the cluster is not whole.",
    "MASTERDOWN": "its primary is down.",
    "BUSY": "it is busy with a script of another program.",
    "DB": "it has no database of this number.",
}


SILENT = f"it does not answer within {CALL_SECONDS:g} seconds."
LOST = "the connection to it was lost."
# redis-py has one kind of error for most of what can happen to a connection.
_LOST_WORDS = ("Connection closed", "Connection lost", "reset by peer", "Broken pipe")
_NO_CONNECTION: Mapping[type[BaseException], str] = {
    ConnectionRefusedError: "it refuses connections. Does it run there, on this port?",
    socket.gaierror: "there is no host of this name.",
    ssl.SSLCertVerificationError: "its certificate is not trusted. Name who signed it: ?ssl_ca_certs=/etc/ca.pem.",
    ssl.SSLError: "it does not speak TLS on this port. Use redis://, or its port for TLS.",
    FileNotFoundError: "a file of its URL's query is not there.",
}
_NO_CONNECTION_NUMBERS = {errno.ECONNREFUSED: ConnectionRefusedError, socket.EAI_NONAME: socket.gaierror}
_CONNECTING = re.compile(r"Error (-?\d+) connecting to ")


def sentence(error: BaseException) -> str | None:
    """What a client's error means; None for a word of our own scripts. It holds nothing that was sent."""
    text, word = str(error), _word(error)
    if word in ("CHANGED", "UNKNOWN", "FULL", "MISSING", "LOST"):
        return None
    if word in _WORDS:
        return _WORDS[word]
    if isinstance(error, exceptions.ResponseError):
        return f"it answered with an error ({word})."
    return _unreached(error) or (LOST if any(each in text for each in _LOST_WORDS) else SILENT)


def is_no_primary(error: BaseException) -> bool:
    """Whether a server says that it is the primary no more."""
    return _word(error) in ("READONLY", "MASTERDOWN")


def _word(error: BaseException) -> str:
    """The word with which a server's error begins, also where redis-py has an error of its own for it."""
    text = str(error)
    kinds = {
        exceptions.AuthenticationError: "WRONGPASS", exceptions.OutOfMemoryError: "OOM", exceptions.ReadOnlyError: "READONLY",
        exceptions.BusyLoadingError: "LOADING", exceptions.NoPermissionError: "NOPERM",
        exceptions.ClusterDownError: "CLUSTERDOWN", exceptions.MasterDownError: "MASTERDOWN",
    }  # fmt: skip
    if isinstance(error, exceptions.AuthenticationError) and "required" in text.lower():
        return "NOAUTH"
    return next((name for kind, name in kinds.items() if isinstance(error, kind)), text.partition(" ")[0])


def _unreached(error: BaseException) -> str | None:
    """Why there is no connection, where the system says so: redis-py keeps its error, or only that one's number."""
    found = _CONNECTING.match(str(error))
    if found is not None and int(found[1]) in _NO_CONNECTION_NUMBERS:
        return _NO_CONNECTION[_NO_CONNECTION_NUMBERS[int(found[1])]]
    seen: BaseException | None = error
    while seen is not None:
        for kind, words in _NO_CONNECTION.items():
            if isinstance(seen, kind):
                return words
        seen = seen.__cause__ or seen.__context__
    return None

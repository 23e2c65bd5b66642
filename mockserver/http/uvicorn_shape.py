"""Whether uvicorn is the one that we know, where we use what it does not document."""

from __future__ import annotations

import asyncio
import dis
import inspect
import logging
from types import CodeType
from typing import Any

import uvicorn

logger = logging.getLogger("specimen")

# What `raw_response_writer` and `connection` read of an exchange, and what they set in place of `send`.
_READ = frozenset(
    {"response_started", "disconnected", "flow", "write_paused", "access_log", "keep_alive", "default_headers", "scope",
     "transport", "message_event", "on_response", "chunked_encoding"}
)  # fmt: skip
_SET = frozenset({"response_started", "response_complete", "waiting_for_100_continue"})
# What `send` keeps for itself between its two messages.
_OWN = frozenset({"chunked_encoding", "expected_content_length", "keep_alive"})
_ARGUMENTS: dict[str, Any] = {
    "scope": {}, "transport": None, "flow": None, "logger": None, "access_logger": None, "access_log": False,
    "default_headers": [], "expect_100_continue": False, "keep_alive": True, "on_response": None,
}  # fmt: skip
# What our connection reads of uvicorn's.
_CONNECTION = frozenset({"cycle", "scope", "loop", "transport"})


def unexpected_in_exchange(cycle: type[Any], protocol: type[Any]) -> list[str]:
    """What is not as we know it in a class of exchanges, and in that of their connections; nothing where `send` can be passed by.

    One attribute of another name, and the server would not see that its answer is out: it would close a connection that is to
    stay, or never read its next request.
    """
    try:
        found = cycle(message_event=asyncio.Event(), **_ARGUMENTS)
        code: CodeType = cycle.send.__code__
        noticed = "should_keep_alive" in protocol.on_headers_complete.__code__.co_names
    except (TypeError, AttributeError) as error:
        return [str(error)]
    unexpected = {name for name in (_READ | _SET) - {"write_paused"} if not hasattr(found, name)}
    unexpected |= (_READ | _SET) - set(code.co_names)
    unexpected |= _stored(code) - _SET - _OWN
    unexpected |= {name for name in ("response_started", "response_complete") if getattr(found, name, False) is not False}
    unexpected |= {name for name in ("chunked_encoding",) if getattr(found, name, None) is not None}
    if not noticed and not closes_in_send(cycle):
        unexpected.add("should_keep_alive")
    return sorted(unexpected)


def closes_in_send(cycle: type[Any]) -> bool:
    """Whether `send` is what notices a request that ends its connection, as up to uvicorn 0.50; later `keep_alive` tells."""
    return "CLOSE_HEADER" in cycle.send.__code__.co_names


def unexpected_in_connection(protocol: type[Any], cycle: type[Any]) -> list[str]:
    """What is not as we know it in a class of connections; nothing where `server` can count time and bytes of a head on it."""
    try:
        stored = _stored(protocol.__init__.__code__)
        answered = _stored(cycle.__init__.__code__)
        takes = [list(inspect.signature(getattr(protocol, name)).parameters) for name in ("data_received", "connection_lost")]
    except AttributeError as error:
        return [str(error)]
    unexpected = (_CONNECTION - stored) | ({"response_complete"} - answered)
    return sorted(unexpected) + [str(names) for names in takes if len(names) != 2]


def is_known(what: str, unexpected: list[str], instead: str) -> bool:
    """Whether nothing is unexpected; where something is, one line of the log says what is done instead."""
    if unexpected:
        names = ", ".join(unexpected)
        logger.warning("uvicorn %s: %s is not as Specimen knows it (%s); %s", uvicorn.__version__, what, names, instead)
    return not unexpected


def _stored(code: CodeType) -> set[str]:
    """The attributes that a function sets."""
    return {str(entry.argval) for entry in dis.get_instructions(code) if entry.opname == "STORE_ATTR"}

"""Namespaces: their names, and the state that the callers of one share."""

from __future__ import annotations

import re

from specimen.mockserver.sessions.clock import Clock
from specimen.mockserver.sessions.request_log import RequestLog

NAME_RULE = "expected up to 64 letters, digits, '.', '_' and '-', beginning with a letter or digit."
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def is_namespace_name(text: str) -> bool:
    """Whether a namespace may have that name."""
    return _NAME.fullmatch(text) is not None


class Namespace:
    """The state that callers of one namespace share: a clock and a request log (their sessions are in the store)."""

    __slots__ = ("clock", "request_log")

    def __init__(self, clock: Clock, request_log: RequestLog) -> None:
        self.clock = clock
        self.request_log = request_log

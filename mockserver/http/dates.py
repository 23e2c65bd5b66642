"""The `Date` of an answer (RFC 9110, section 6.6.1)."""

from __future__ import annotations

from email.utils import formatdate
from functools import lru_cache

Header = tuple[bytes, bytes]


def date_header(milliseconds: int) -> Header:
    """The header for a time in milliseconds since the epoch: a client corrects the skew of its clock by it."""
    return _of_second(milliseconds // 1000)


def date_line(milliseconds: int) -> bytes:
    """The same header as a line."""
    return _line_of_second(milliseconds // 1000)


@lru_cache(maxsize=256)
def _line_of_second(seconds: int) -> bytes:
    return b"%b: %b\r\n" % _of_second(seconds)


@lru_cache(maxsize=256)
def _of_second(seconds: int) -> Header:
    return b"date", formatdate(seconds, usegmt=True).encode()

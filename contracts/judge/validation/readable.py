"""Puts other values in the place of those that some JSON readers take and others cannot hold."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from typing import Any

_HALF = re.compile("[\ud800-\udfff]")


def readable(value: Any) -> Any:
    """A JSON value with the largest double for a number beyond it, and U+FFFD for half of a surrogate pair.

    Both are JSON (RFC 8259, sections 6 and 8.2), and what a reader makes of them is its own affair. A value that is nested too
    deep for Python stays as it is.
    """
    try:
        return _replaced(value)
    except RecursionError:
        return value


def _replaced(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, float) and math.isinf(value):
        return math.copysign(sys.float_info.max, value)
    if isinstance(value, Mapping):
        return {_HALF.sub("\ufffd", name): _replaced(entry) for name, entry in value.items()}
    return [_replaced(entry) for entry in value] if isinstance(value, list) else value

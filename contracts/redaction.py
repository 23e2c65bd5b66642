"""Values as reports may show them: what could be a token or a person's data is hashed."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import Any

# Words of a contract tell nothing about a person: short lower- or upper-case tokens as enumerations have them.
_WORD = re.compile(r"[A-Za-z][A-Za-z_]{0,39}")
_PERSONAL = re.compile(
    r"name|birth|address|email|phone|wallet|document|number|token|secret|key|mrz|ocr|value|redirect|state$|subject|url|field",
    re.IGNORECASE,
)
_SECRET_HEADERS = frozenset({"authorization", "token", "cookie", "set-cookie", "proxy-authorization", "x-api-key"})
_MOST = 120


def redacted(value: Any, pointer: str = "") -> str:
    """A value found at a JSON pointer, fit for a report: numbers, null and words of the contract as they are."""
    if value is None or isinstance(value, (bool, int, float)):
        return json.dumps(value)
    if isinstance(value, str):
        last = pointer.rpartition("/")[2]
        if _WORD.fullmatch(value) and not _PERSONAL.search(last):
            return json.dumps(value)
        return f"text of {len(value)} characters (#{fingerprint(value)})"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object with {', '.join(sorted(value))[:_MOST] or 'no fields'}"
    return type(value).__name__


def fingerprint(value: str) -> str:
    """Eight digits that tell two values apart and nothing else."""
    return sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def is_secret_header(name: str) -> bool:
    """Whether a header's value is never shown."""
    return name.lower() in _SECRET_HEADERS

"""Redacts values for reports: tokens and personal data are hashed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from typing import Any

from specimen.specs import Provider

# Where a contract's own words stand: short lower- or upper-case tokens as enumerations have them.
_STATED = re.compile(r"[a-z]*(status|outcome|verdict)|type|failure_code|error/code|error", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z][A-Za-z_]{0,39}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T[0-9:.]{5,20}(Z|[+-]\d{2}:\d{2})?")
_MEDIA_TYPE = re.compile(r"(application|audio|font|image|multipart|text|video)/[a-z0-9][a-z0-9.+-]{0,60}")
_PERSONAL = re.compile(
    r"name|birth|address|email|phone|wallet|document|number|token|secret|key|mrz|ocr|value|redirect|state$|subject|url|field|"
    r"city|country|nationality|postcode|region|street|sex|metadata|content|person",
    re.IGNORECASE,
)
_SECRET_HEADERS = frozenset({"authorization", "token", "cookie", "set-cookie", "proxy-authorization", "x-api-key"})
_MOST_NUMBER = 10**9
_NOTHING: frozenset[str] = frozenset()


class Words(str):
    """Text of our own about a value, not the value itself: nothing in it needs to be hidden."""

    __slots__ = ()


def redacted(value: Any, pointer: str = "", known: frozenset[str] = _NOTHING) -> str:
    """A value found at a JSON pointer, fit for a report; `known` are words that the contract itself uses."""
    if isinstance(value, Words):
        return str(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    is_personal = _PERSONAL.search(pointer) is not None
    if isinstance(value, (int, float)):
        return json.dumps(value) if not is_personal and -_MOST_NUMBER < value < _MOST_NUMBER else "a number"
    if isinstance(value, str):
        return json.dumps(value) if _may_show(value, pointer, is_personal, known) else _hidden(value)
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if isinstance(value, Mapping):
        names = sorted(name for name in value if name in known)
        return f"an object with {len(value)} fields" + (f", among them {', '.join(names[:8])}" if names else "")
    return type(value).__name__


def shown_pointer(pointer: str, known: frozenset[str]) -> str:
    """Redacts a JSON pointer, in which keys that the contract does not name are hashed: a key may be a person's address."""
    return "/".join(
        part if not part or part in known or (part.isascii() and part.isdigit() and len(part) < 6) else f"#{fingerprint(part)}"
        for part in pointer.split("/")
    )


@cache
def words(provider: Provider) -> frozenset[str]:
    """Returns the terms of a provider's contract: names of fields and values of enumerations, no example's data."""
    return frozenset(_words(provider.document.raw)) | frozenset(provider.lifecycle.states)


def _words(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("properties", "x-known-captions") and isinstance(value, (Mapping, list)):
                yield from value
            if key in ("enum", "examples") and isinstance(value, list):
                yield from (item for item in value if isinstance(item, str) and _WORD.fullmatch(item))
            elif key == "const" and isinstance(value, str):
                yield value
            if key not in ("value", "example", "enum", "const"):
                yield from _words(value)
    elif isinstance(node, list):
        for value in node:
            yield from _words(value)


def _may_show(value: str, pointer: str, is_personal: bool, known: frozenset[str]) -> bool:
    if _MEDIA_TYPE.fullmatch(value) and not pointer:
        return True
    last = "/".join(pointer.split("/")[-2:])
    if _WORD.fullmatch(value) and (_STATED.fullmatch(last) or _STATED.fullmatch(last.rpartition("/")[2])):
        return True
    return not is_personal and (value in known or _MOMENT.fullmatch(value) is not None)


def _hidden(value: str) -> str:
    return f"text of {len(value)} characters (#{fingerprint(value)})"


def fingerprint(value: str) -> str:
    """Returns eight digits that distinguish two values and show nothing else."""
    return sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def is_secret_header(name: str) -> bool:
    """Whether a header's value is never shown."""
    return name.lower() in _SECRET_HEADERS

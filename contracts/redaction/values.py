"""Redacts values for reports: tokens and personal data are hashed."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from hashlib import blake2s
from typing import Any

from specimen.specs import Provider

# Where a contract's own words stand: short lower- or upper-case tokens as enumerations have them.
_STATED = re.compile(r"[a-z]*(status|outcome|verdict)|type|failure_code|error/code|error", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z][A-Za-z_]{0,39}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T[0-9:.]{5,20}(Z|[+-]\d{2}:\d{2})?")
# A subtype that is not registered, such as `vnd.acme+json`, may be anybody's name.
_MEDIA_TYPE = re.compile(
    r"(application|audio|font|image|multipart|text|video)/"
    r"(csv|css|event-stream|form-data|gif|html|javascript|jpeg|(problem|hal|ld|vnd\.api)\+json|json|json5|jsonl|mixed|x-?ndjson|ndjson|"
    r"octet-stream|pdf|plain|png|svg\+xml|webp|x-www-form-urlencoded|(problem\+|xhtml\+|soap\+)?xml|ya?ml|zip|gzip|x-gzip|x-javascript)"
)
# `^age_over_…`: the fixed part of names that end in a number, in patterns of names.
_FIXED_PART = re.compile(r"\^([A-Za-z_-]{4,})")
_PERSONAL = re.compile(
    r"name|birth|address|email|phone|wallet|document|number|token|secret|key|mrz|ocr|value|redirect|state$|subject|url|field|"
    r"city|country|nationality|postcode|region|street|sex|metadata|content|person",
    re.IGNORECASE,
)
_SECRET_HEADERS = frozenset({"authorization", "token", "cookie", "set-cookie", "proxy-authorization", "x-api-key"})
_MOST_NUMBER = 10**9
# Numbers at no field are mostly of a rule: a status, a count.
_MOST_AT_NO_FIELD = 1000
_FINGERPRINT = re.compile(r" \(#[0-9a-f]{8}\)|(#)[0-9a-f]{8}\b")
_NOTHING: frozenset[str] = frozenset()


class Terms(frozenset[str]):
    """Terms of a contract; names that its patterns of names begin with, and end in a number (`age_over_18`), are among them."""

    beginnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str], beginnings: Iterable[str]) -> Terms:
        """Returns the texts, with the beginnings of names."""
        found = cls(texts)
        found.beginnings = tuple(beginnings)
        return found

    def __contains__(self, text: object) -> bool:
        """Whether the text is the contract's."""
        if frozenset.__contains__(self, text):
            return True
        return isinstance(text, str) and any(
            text.startswith(start) and text.isascii() and text[len(start) :].isdigit() and len(text) <= len(start) + 3
            for start in self.beginnings
        )


class Words(str):
    """Text of our own about a value, not the value itself: nothing in it needs to be hidden."""

    __slots__ = ()


def redacted(value: Any, pointer: str = "", known: frozenset[str] = _NOTHING) -> str:
    """A value found at a JSON pointer, fit for a report; `known` are words that the contract itself uses."""
    if isinstance(value, Words):
        return str(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return json.dumps(value) if _is_known(pointer, known) else "true or false"
    is_personal = _PERSONAL.search(pointer) is not None
    if isinstance(value, (int, float)):
        most = _MOST_NUMBER if pointer else _MOST_AT_NO_FIELD
        return json.dumps(value) if not is_personal and -most < value < most and _is_known(pointer, known) else "a number"
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
def words(provider: Provider) -> Terms:
    """Returns the terms of a provider's contract, no example's data.

    They are names of fields, parameters, headers and operations, values of enumerations, and states.
    """
    raw, lifecycle = provider.document.raw, provider.lifecycle
    return Terms.of([*_words(raw), *lifecycle.states, *provider.document.operations], name_beginnings(raw))


def name_beginnings(node: Any) -> tuple[str, ...]:
    """Returns what the document's patterns of field names begin with."""
    found = (_FIXED_PART.match(pattern) for pattern in _name_patterns(node))
    return tuple(sorted({one[1] for one in found if one is not None}))


def _name_patterns(node: Any, *, is_name: bool = False) -> Iterator[str]:
    """Yields the patterns of `patternProperties` and those anywhere in `propertyNames`."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "patternProperties" and isinstance(value, Mapping):
                yield from value
            elif is_name and key == "pattern" and isinstance(value, str):
                yield value
            yield from _name_patterns(value, is_name=is_name or key == "propertyNames")
    elif isinstance(node, list):
        for value in node:
            yield from _name_patterns(value, is_name=is_name)


def _words(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("properties", "headers", "x-known-captions", "dependentRequired") and isinstance(value, (Mapping, list)):
                yield from (item for item in value if isinstance(item, str))
            if key == "name" and isinstance(value, str) and isinstance(node.get("in"), str):
                yield from (value, value.lower())  # of a parameter or a credential; answers show headers in lower case
            if key == "required" and isinstance(value, list):
                yield from (item for item in value if isinstance(item, str))
            if key == "enum" and isinstance(value, list):
                yield from (item for item in value if isinstance(item, str))
            elif key == "examples" and isinstance(value, list):
                yield from (item for item in value if isinstance(item, str) and _WORD.fullmatch(item))
            elif key == "const" and isinstance(value, str):
                yield value
            if key not in ("value", "example", "enum", "const"):
                yield from _words(value)
    elif isinstance(node, list):
        for value in node:
            yield from _words(value)


def _is_known(pointer: str, known: frozenset[str]) -> bool:
    """Whether the contract names all fields on the way; what stands below another one may be anything."""
    return all(part in known or (part.isascii() and part.isdigit()) for part in pointer.split("/")[1:])


def _may_show(value: str, pointer: str, is_personal: bool, known: frozenset[str]) -> bool:
    if _MEDIA_TYPE.fullmatch(value) and not pointer:
        return True
    last = "/".join(pointer.split("/")[-2:])
    if _WORD.fullmatch(value) and (_STATED.fullmatch(last) or _STATED.fullmatch(last.rpartition("/")[2])):
        return True
    return not is_personal and (value in known or _MOMENT.fullmatch(value) is not None)


def _hidden(value: str) -> str:
    shown = f"{len(value)} character{'s'[: len(value) != 1]}"
    return f"a string of {shown} (#{fingerprint(value)})" if value else "an empty string"


def fingerprint(value: str) -> str:
    """Returns eight digits that distinguish two values of one run and show nothing else.

    They depend on a secret that nothing shows or keeps: without it, who knows that a value is a birth date would try them all.
    """
    return blake2s(value.encode("utf-8", "surrogatepass"), key=_secret(), digest_size=4).hexdigest()


def without_fingerprints(text: str) -> str:
    """Returns a text with `#` in place of each fingerprint: what is compared between runs, in which they differ."""
    return _FINGERPRINT.sub(lambda found: found[1] or "", text)


@cache
def _secret() -> bytes:
    return secrets.token_bytes(32)


def is_secret_header(name: str) -> bool:
    """Whether a header's value is never shown."""
    return name.lower() in _SECRET_HEADERS

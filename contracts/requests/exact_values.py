"""Creations whose values come back changed where a service normalises, escapes or cuts what it was sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from specimen.contracts.requests.creation_variants import with_all_values
from specimen.contracts.requests.request_templates import RequestTemplate
from specimen.specs import Provider
from specimen.specs.core.json_pointer import places, value_at, with_value

# Capitals beside small letters, a plus and an escape that a form would decode, letters beyond ASCII and beyond UTF-16's first
# plane, quotes and signs that HTML and SQL escape; single blanks, which a service may not collapse.
_TEXTS = ("Aa+b/c== %41%2f \u00e9\u0416\U0001f600 <&'\"\\;--> Zz", "Aa+b/c== %41%2f \u00e9\u0416 Zz", "Aa+b/c==%41%2f_Zz")
_IN_PATH = "/Done/A+b%2Fc/Zz?From=Kyc+A%2Bb&x=%41&Y=&y=2#Top"
# Beside the texts of an object whose names are free: the other types of JSON, each of which a column of text would lose.
_OTHER_TYPES: Mapping[str, Any] = {
    "Number": 7, "Half": 0.5, "Zero": 0, "Yes": True, "No": False, "List": [1, "2", {"a": [True]}], "Key With+Blank": "v",
}  # fmt: skip
_SIMPLE_PATH = "/Done/Zz?From=A+b"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}.*")


def exact_values(provider: Provider, base: RequestTemplate, *, seed: int, is_simple: bool = False) -> RequestTemplate | None:
    """Returns the creation with values of which every letter counts, in each field that takes free text or a URL.

    A field that names something of the account, such as a template, is left out. None where there is no such field.
    `is_simple`: of ASCII letters and few signs, for a service that refuses the others.
    """
    full, taken = with_all_values(provider, base), named(provider)
    digits = sha256(f"exact {seed}".encode()).hexdigest()
    if base.parts:
        return _parts(provider, full, taken, digits, is_simple=is_simple)
    pointer = next((entry.pointer for entry in base.operation.bodies if entry.pointer is not None), None)
    if pointer is None or not isinstance(full.body, dict):
        return None
    is_valid = provider.schemas.validator(pointer).is_valid
    body = {name: value for name, value in full.body.items() if name not in taken}
    given = base.body if isinstance(base.body, dict) else {}
    changed = 0
    for way in [way for way in places(body) if isinstance(value_at(body, way), str)]:
        if way[0] in given or _DATE.fullmatch(value_at(body, way)):
            continue
        for text in _of_its_kind(value_at(body, way), digits, is_simple=is_simple):
            wanted = with_value(body, way, text)
            if is_valid(wanted):
                body, changed = wanted, changed + 1
                break
    for name, value in list(body.items()):
        more = {**body, name: {**value, **_OTHER_TYPES}} if isinstance(value, dict) else body
        if more is not body and _is_free(provider, pointer, name) and is_valid(more):
            body, changed = more, changed + 1
    return replace(base, body=body) if changed and is_valid(body) else None


def named(provider: Provider) -> frozenset[str]:
    """The fields of the creation that name something of the account."""
    places = [place for value in provider.lifecycle.values.values() if not value.part for place in value.places]
    own = provider.lifecycle.magic.pointer.split("/")[1] if provider.lifecycle.magic is not None else ""
    return frozenset(one.name for one in places if one.operation == provider.lifecycle.create.operation and one.name != own)


def _parts(
    provider: Provider, full: RequestTemplate, taken: frozenset[str], digits: str, *, is_simple: bool
) -> RequestTemplate | None:
    """The form with such texts, which end with digits of their own: one may be the key of a client."""
    media = full.operation.body("multipart/form-data")
    if media is None or media.pointer is None:
        return None
    place = provider.document.resolve(provider.document.at(media.pointer), media.pointer)[1]
    parts, changed = [], 0
    for part in full.parts:
        is_text = "value" in part and part["name"] not in taken
        validator = provider.schemas.validator(f"{place}/properties/{part['name']}") if is_text else None
        texts = [f"{text} {digits[:6]}" for text in _TEXTS[2 if is_simple else 1 :]]
        text = next((text for text in texts if validator is not None and validator.is_valid(text)), None)
        parts.append(part if text is None else {**part, "value": text})
        changed += text is not None
    return replace(full, parts=tuple(parts)) if changed else None


def _of_its_kind(value: str, digits: str, *, is_simple: bool) -> tuple[str, ...]:
    """Values of the kind of another one: of a URL with its scheme and host, of a hexadecimal number its length."""
    if value.startswith(("http://", "https://")):
        parts = urlsplit(value)
        ways = (_SIMPLE_PATH,) if is_simple else (_IN_PATH, _IN_PATH.partition("#")[0])
        return tuple(f"{parts.scheme}://{parts.netloc}{way}" for way in ways)
    if value.startswith("0x"):
        letters = (one.upper() if index % 2 else one for index, one in enumerate(digits[: len(value) - 2]))
        return ("0x" + "".join(letters),)
    return _TEXTS[2:] if is_simple else _TEXTS


def _is_free(provider: Provider, pointer: str, name: str) -> bool:
    """Whether a field of the body is an object whose names the caller chooses."""
    schema = provider.document.resolve(provider.document.at(pointer))[0]
    node = provider.document.resolve(schema.get("properties", {}).get(name, {}))[0]
    return not node.get("properties") and node.get("additionalProperties") is not False and "propertyNames" not in node

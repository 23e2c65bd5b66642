"""Valid creations that differ from the usual ones in their values: texts that look like something else, names at limits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from specimen.contracts.requests.creation_variants import with_all_values
from specimen.contracts.requests.exact_values import named
from specimen.contracts.requests.mutations import bodies
from specimen.contracts.requests.request_templates import MISSING, RequestTemplate
from specimen.specs import Provider
from specimen.specs.core.json_pointer import places, value_at, with_value

# What a service may take for something else than a text: a number, nothing, a truth value, a form in another normalisation of
# Unicode, lines of a file; and blanks, which it may cut off or collapse.
_TEXTS = ("00712", "null", "  Aa  Zz ", "A\u030a\ufb01\u2126 e\u0301", "1,5;\ta\nb", "true", "1e3")
# A form's text stands in a line of its own, and some parsers cut blanks there.
_PART_TEXTS = ("00712", "null", "A\u030a\ufb01\u2126 e\u0301", "1e3")
_PATHS = ("", "/", "/a/?b", ":8443/a/b/?x=1&x=2&y=%20", "/?", "/a;b=c,d/~e/%7Ef?q='(1)'")
_LONG = 300
_NUMBER = re.compile(r"\d+")
_MOST_NUMBERS = 1000
# What names something of the account, which must exist.
_REFERENCE = re.compile(r"\w+(?:_id|Id)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}.*")


def with_other_texts(provider: Provider, base: RequestTemplate) -> Iterator[RequestTemplate]:
    """Yields the creation with each such text in all fields that take it, and long ones where no limit is named.

    A URL keeps its scheme and host. What names something of the account stays away.
    """
    full, taken = with_all_values(provider, base), named(provider)
    if base.parts:
        yield from _parts(provider, full, taken)
        return
    pointer = next((entry.pointer for entry in base.operation.bodies if entry.pointer is not None), None)
    if pointer is None or not isinstance(full.body, dict):
        return
    is_valid = provider.schemas.validator(pointer).is_valid
    first = {name: value for name, value in full.body.items() if name not in taken and not _REFERENCE.fullmatch(name)}
    given = base.body if isinstance(base.body, dict) else {}
    seen: list[Any] = []
    for turn, text in enumerate((*_TEXTS, "x" * (_LONG - 1) + "Z")):
        body = first
        for way in [way for way in places(first) if isinstance(value_at(first, way), str)]:
            if way[0] in given or _DATE.fullmatch(value_at(first, way)):
                continue
            wanted = with_value(body, way, _of_its_kind(value_at(body, way), text, turn))
            body = wanted if is_valid(wanted) else body
        if body != first and body not in seen and is_valid(body):
            seen.append(body)
            yield replace(base, body=body)


def _of_its_kind(value: str, text: str, turn: int) -> str:
    if value.startswith(("http://", "https://")):
        parts = urlsplit(value)
        return f"{parts.scheme}://{parts.netloc}{_PATHS[turn % len(_PATHS)]}"
    return value if value.startswith("0x") else text


def _parts(provider: Provider, full: RequestTemplate, taken: frozenset[str]) -> Iterator[RequestTemplate]:
    media = full.operation.body("multipart/form-data")
    if media is None or media.pointer is None:
        return
    place = provider.document.resolve(provider.document.at(media.pointer), media.pointer)[1]
    for text in _PART_TEXTS:
        parts = []
        for part in full.parts:
            is_text = "value" in part and part["name"] not in taken
            is_valid = is_text and provider.schemas.validator(f"{place}/properties/{part['name']}").is_valid(text)
            parts.append({**part, "value": text} if is_valid else part)
        if tuple(parts) != full.parts:
            yield replace(full, parts=tuple(parts))


def with_fewer_values(provider: Provider, base: RequestTemplate) -> Iterator[RequestTemplate]:
    """Yields the creation with each optional value alone, and with each object of its body empty or without one member."""
    if base.parts:
        full = with_all_values(provider, base)
        yield from (replace(base, parts=(*base.parts, part)) for part in full.parts[len(base.parts) + 1 :])
        return
    pointer = next((entry.pointer for entry in base.operation.bodies if entry.pointer is not None), None)
    if pointer is None:
        return
    is_valid = provider.schemas.validator(pointer).is_valid
    full = with_all_values(provider, base)
    given = base.body if isinstance(base.body, dict) else {}
    seen: list[Any] = [base.body, *bodies(provider, base.operation, base)]
    for body in _fewer(full.body if isinstance(full.body, dict) else {}, given):
        if body not in seen and is_valid(body):
            seen.append(body)
            yield replace(base, body=body)


def _fewer(full: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in full.items():
        yield {**given, name: value}
        if isinstance(value, Mapping):
            yield {**given, name: {}}
            for member in value if len(value) < 4 else ():
                yield {**given, name: {other: entry for other, entry in value.items() if other != member}}


def with_numbers_in_names(provider: Provider, base: RequestTemplate) -> Iterator[RequestTemplate]:
    """Yields the creation with the least and the greatest number that a name in its body may have, as `age_over_12`."""
    pointer = next((entry.pointer for entry in base.operation.bodies if entry.pointer is not None), None)
    if pointer is None or base.parts:
        return
    is_valid = provider.schemas.validator(pointer).is_valid
    seen: list[str] = []
    for body in bodies(provider, base.operation, base):
        for way in places(body) if isinstance(body, dict) else ():
            name, holder = way[-1], value_at(body, way[:-1])
            if not isinstance(name, str) or not isinstance(holder, Mapping) or not _NUMBER.search(name):
                continue
            stem = _NUMBER.sub("0", name, count=1)
            if stem in seen:
                continue
            seen.append(stem)
            valid = [number for number in range(_MOST_NUMBERS) if is_valid(_renamed(body, way, number))]
            if len(valid) < _MOST_NUMBERS:
                alone = {way[0]: body[way[0]]} if len(way) > 1 and is_valid({way[0]: body[way[0]]}) else body
                for number in dict.fromkeys((*valid[:1], *valid[-1:])):
                    yield replace(base, body=_renamed(alone, way, number))


def _renamed(body: Any, way: tuple[Any, ...], number: int) -> Any:
    holder = value_at(body, way[:-1])
    name = _NUMBER.sub(str(number), way[-1], count=1)
    changed = {name if key == way[-1] else key: value for key, value in holder.items()}
    return with_value(body, way[:-1], changed) if len(way) > 1 else changed


def with_alternating_flags(provider: Provider, base: RequestTemplate) -> Iterator[RequestTemplate]:
    """Yields the creation with all names that an object of flags may have, every other flag set; then with the others set."""
    pointer = next((entry.pointer for entry in base.operation.bodies if entry.pointer is not None), None)
    if pointer is None or base.parts:
        return
    is_valid = provider.schemas.validator(pointer).is_valid
    schema = provider.document.resolve(provider.document.at(pointer))[0]
    shown = [body for body in bodies(provider, base.operation, base) if isinstance(body, dict)]
    for name, node in schema.get("properties", {}).items():
        entries = [(key, entry) for body in shown for key, entry in _members(body.get(name)) if _flag(entry) is not None]
        if not entries:
            continue
        key, entry = entries[0]
        flag = str(_flag(entry))
        members: dict[str, Any] = {}
        for one in (*sorted(_names(provider, node)), key):
            if is_valid({name: {**members, one: entry}}):
                members[one] = entry
        for first in (True, False) if len(members) > 1 else ():
            # The last one, which an example has, is set otherwise than each of the others once.
            flags = {one: {**value, flag: first == (one == key)} for one, value in members.items()}
            mixed = {one: {**value, flag: first == (turn % 2 == 0)} for turn, (one, value) in enumerate(members.items())}
            yield from (replace(base, body={name: wanted}) for wanted in (flags, mixed) if is_valid({name: wanted}))


def _members(value: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(key, entry) for key, entry in value.items() if isinstance(entry, dict)] if isinstance(value, dict) else []


def _flag(entry: Mapping[str, Any]) -> str | None:
    return next((name for name, value in entry.items() if isinstance(value, bool)), None)


def _names(provider: Provider, node: Any, depth: int = 0) -> set[str]:
    """The names that the schema of an object lists."""
    node = provider.document.resolve(node)[0] if isinstance(node, Mapping) else node
    found: set[str] = set()
    if not isinstance(node, Mapping) or depth > 3:
        return found
    names = node.get("propertyNames", {})
    for one in (names, *names.get("anyOf", ())) if isinstance(names, Mapping) else ():
        found |= {text for text in one.get("enum", ()) if isinstance(text, str)}
    for other in node.get("allOf", ()):
        found |= _names(provider, other, depth + 1)
    return found


def in_other_encodings(base: RequestTemplate) -> Iterator[RequestTemplate]:
    """Yields a request with a JSON body in other bytes that mean the same: escapes and blanks, and a charset in its type."""
    if base.body is MISSING or base.parts or not isinstance(base.body, (dict, list)):
        return
    raw = json.dumps(base.body, indent=1, separators=(" ,", " : "))
    yield replace(base, raw=f"\r\n\t{raw}\n".encode(), body=MISSING, content_type="application/json; charset=utf-8")

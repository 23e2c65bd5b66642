"""Valid requests in which one value is exactly at a limit that the document names, and those with several values in a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from specimen.contracts.requests.mutations import bodies
from specimen.contracts.requests.request_templates import RequestTemplate
from specimen.specs import Provider
from specimen.specs.core.json_pointer import places, value_at, with_value

_LARGEST = ("maxLength", "maxItems", "maximum")
_SMALLEST = ("minLength", "minItems", "minimum")
_MOST_CHARACTERS = 5000
# A letter of two bytes in UTF-8 and of one unit in UTF-16: a limit of characters is none of bytes.
_WIDE = "\u0436"


def at_limits(provider: Provider, base: RequestTemplate) -> Iterator[RequestTemplate]:
    """Yields valid requests of an operation, each with one text, list or number at a limit; one further is invalid."""
    yield from _bodies(provider, base)
    yield from _parts(provider, base)
    yield from _parameters(provider, base)


def with_several(provider: Provider, base: RequestTemplate) -> Iterator[RequestTemplate]:
    """Yields valid requests with two values in a field of the body that takes one text or a list of them."""
    media = base.operation.body("application/json")
    if media is None or media.pointer is None or base.parts:
        return
    is_valid = provider.schemas.validator(media.pointer).is_valid
    body = base.body if isinstance(base.body, dict) else {}
    for name in provider.document.resolve(provider.document.at(media.pointer))[0].get("properties", {}):
        known = body.get(name) if isinstance(body.get(name), str) else f"specimen_{name}"
        several = {**body, name: [f"{known}_1", f"{known}_2"]}
        if is_valid(several) and is_valid({**body, name: known}):
            yield replace(base, body=several)


def _bodies(provider: Provider, base: RequestTemplate) -> Iterator[RequestTemplate]:
    media = base.operation.body("application/json")
    if media is None or media.pointer is None or base.parts:
        return
    is_valid = provider.schemas.validator(media.pointer).is_valid
    limits = sorted(set(_limits(provider, provider.document.at(media.pointer))))
    seen: set[tuple[Any, ...]] = set()
    for body in bodies(provider, base.operation, base):
        for way in places(body):
            for limit, step in limits:
                inside, beyond = (with_value(body, way, _of_size(value_at(body, way), size)) for size in (limit, limit + step))
                if (way, step) not in seen and is_valid(inside) and not is_valid(beyond):
                    seen.add((way, step))
                    yield replace(base, body=inside)
                    wide = with_value(body, way, _WIDE * limit) if step > 0 and isinstance(value_at(inside, way), str) else None
                    if wide is not None and is_valid(wide) and limit <= _MOST_CHARACTERS:
                        yield replace(base, body=wide)


def _parts(provider: Provider, base: RequestTemplate) -> Iterator[RequestTemplate]:
    media = base.operation.body("multipart/form-data") if base.parts else None
    if media is None or media.pointer is None:
        return
    schema, place = provider.document.resolve(provider.document.at(media.pointer), media.pointer)
    for name, node in schema.get("properties", {}).items():
        limit = provider.document.resolve(node)[0].get("maxLength")
        text = "a" * limit if isinstance(limit, int) and limit <= _MOST_CHARACTERS else ""
        if text and provider.schemas.validator(f"{place}/properties/{name}").is_valid(text):
            rest = tuple(part for part in base.parts if part["name"] != name)
            yield replace(base, parts=(*rest, {"name": name, "value": text}))
            if provider.schemas.validator(f"{place}/properties/{name}").is_valid(_WIDE * len(text)):
                yield replace(base, parts=(*rest, {"name": name, "value": _WIDE * len(text)}))


def _parameters(provider: Provider, base: RequestTemplate) -> Iterator[RequestTemplate]:
    for entry in base.operation.parameters:
        is_valid = provider.schemas.validator(entry.pointer).is_valid
        for limit, step in _limits(provider, entry.schema) if entry.location in ("query", "header") else ():
            is_number = entry.schema.get("type") in ("integer", "number")
            inside, beyond = ((size if is_number else _of_size("a", size)) for size in (limit, limit + step))
            if is_valid(inside) and not is_valid(beyond) and inside != "":
                if entry.location == "query":
                    yield replace(base, query={**base.query, entry.name: inside})
                else:
                    yield replace(base, headers={**base.headers, entry.name: inside})


def _of_size(value: Any, size: int) -> Any:
    """A value like another one, of so many characters or entries, or that number."""
    if size < 0 or size > _MOST_CHARACTERS:
        return None
    if isinstance(value, str):
        return value[:size].ljust(size, "a")
    if isinstance(value, list):
        return [*value, *(f"specimen_{index}" for index in range(size - len(value)))][:size]
    return size if isinstance(value, int) and not isinstance(value, bool) else None


def _limits(provider: Provider, node: Any, depth: int = 0) -> Iterator[tuple[int, int]]:
    """Yields each limit in a schema with the step that leads beyond it."""
    node = provider.document.resolve(node)[0] if isinstance(node, Mapping) else node
    if depth > 8:
        return
    for key, value in node.items() if isinstance(node, Mapping) else ():
        if isinstance(value, int) and not isinstance(value, bool) and key in (*_LARGEST, *_SMALLEST):
            yield value, 1 if key in _LARGEST else -1
        elif isinstance(value, (Mapping, list)):
            yield from _limits(provider, value, depth + 1)
    for entry in node if isinstance(node, list) else ():
        yield from _limits(provider, entry, depth + 1)

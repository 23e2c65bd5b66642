"""Variants of a creation: the caller's own key, optional values, another fact in its path, an existing session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from specimen.contracts.requests.mutations import bodies
from specimen.contracts.requests.parameter_overrides import given_at
from specimen.contracts.requests.request_discovery import path_facts
from specimen.contracts.requests.request_templates import RequestTemplate
from specimen.specs import Operation, Provider
from specimen.specs.core.json_pointer import at


def free_value(provider: Provider, text: str) -> str | None:
    """Returns a value for the caller's own field, deterministic for a text; None where the vendor has no such field.

    What the user gave for the field by `--set` stands in it, a whole value for every text.
    """
    magic, digits = provider.lifecycle.magic, sha256(text.encode()).hexdigest()
    if magic is None:
        return None
    whole, host = given_at(provider, magic.pointer)
    if whole is not None:
        return whole
    forms = {"address": f"0x{digits[:40]}", "query": f"https://{host or 'shop.example'}/{digits[:12]}"}
    return forms.get(magic.form, f"walk-{digits[:16]}")


def with_free(provider: Provider, base: RequestTemplate, value: str) -> RequestTemplate | None:
    """Returns a creation with a value in the caller's own field; None where the document does not allow it."""
    magic = provider.lifecycle.magic
    way = [] if magic is None else magic.pointer.split("/")[1:]
    if base.parts:
        rest = tuple(part for part in base.parts if part["name"] != way[-1])
        return replace(base, parts=(*rest, {"name": way[-1], "value": value}))
    node: Any = value
    for name in reversed(way):
        node = {name: node}
    body = {**(base.body if isinstance(base.body, dict) else {}), **node}
    media = base.operation.body("application/json")
    if media is None or media.pointer is None or not provider.schemas.validator(media.pointer).is_valid(body):
        return None
    return replace(base, body=body)


def with_free_anyhow(provider: Provider, base: RequestTemplate, value: str) -> RequestTemplate | None:
    """Returns a creation that may be invalid with a value in the caller's own field; None where its body is no object."""
    magic = provider.lifecycle.magic
    way = [] if magic is None else magic.pointer.split("/")[1:]
    if base.parts:
        rest = tuple(part for part in base.parts if part["name"] != way[-1])
        return replace(base, parts=(*rest, {"name": way[-1], "value": value}))
    if not isinstance(base.body, dict) or not way:
        return None
    node: Any = value
    for name in reversed(way[1:]):
        held = base.body.get(way[0])
        node = {**(held if isinstance(held, dict) else {}), name: node}
    return replace(base, body={**base.body, way[0]: node})


def with_shown_values(provider: Provider, base: RequestTemplate) -> Iterator[RequestTemplate]:
    """Yields creations with each optional field that a read's documented answer shows, with the value that it has there."""
    shown: dict[str, Any] = {}
    for read in provider.lifecycle.reads:
        for response in provider.document.operations[read.operation].responses.values():
            for media in response.media:
                for example in media.examples.values():
                    node = at(example, (read.id or "/").rpartition("/")[0])
                    for name, value in node.items() if isinstance(node, Mapping) else ():
                        if value not in (None, "", [], {}):
                            shown.setdefault(name, value)
    pointer = next((entry.pointer for entry in base.operation.bodies if entry.pointer is not None), None)
    given = {part["name"] for part in base.parts} if base.parts else set(base.body) if isinstance(base.body, dict) else set()
    if pointer is None:
        return
    for name in _fields(provider, base.operation):
        value = shown.get(name)
        if value is None or name in given or name.replace("_", "").lower() in ("sessionid", "token"):
            continue
        if base.parts:
            if isinstance(value, str):
                yield replace(base, parts=(*base.parts, {"name": name, "value": value}))
            continue
        body = {**(base.body if isinstance(base.body, dict) else {}), name: value}
        if provider.schemas.validator(pointer).is_valid(body):
            yield replace(base, body=body)


def with_all_values(provider: Provider, base: RequestTemplate) -> RequestTemplate:
    """Returns a creation with as many optional values as go together: those of the document's examples and answers."""
    if base.parts:
        more = [one.parts[-1] for one in with_shown_values(provider, base)]
        return replace(base, parts=(*base.parts, *more))
    pointer = next((entry.pointer for entry in base.operation.bodies if entry.pointer is not None), None)
    if pointer is None:
        return base
    is_valid = provider.schemas.validator(pointer).is_valid
    body: dict[str, Any] = {}
    for one in (*bodies(provider, base.operation, base), *(found.body for found in with_shown_values(provider, base))):
        for name, value in one.items() if isinstance(one, dict) else ():
            if name not in body and is_valid({**body, name: value}):
                body[name] = value
    return replace(base, body=body)


def by_free(provider: Provider, value: str) -> Iterator[RequestTemplate]:
    """Yields reads whose body may name the caller's own field instead of the id."""
    magic = provider.lifecycle.magic
    for read in provider.lifecycle.reads if magic is not None else ():
        operation = provider.document.operations[read.operation]
        if magic is not None and magic.pointer.count("/") == 1 and magic.pointer[1:] in _fields(provider, operation):
            yield RequestTemplate(operation, body={magic.pointer[1:]: value})


def near_values(provider: Provider, value: str) -> list[str]:
    """Returns other values close to one in the caller's own field: in other capitals, unless they mean the same, longer, shorter.

    A part of a value, one with a character that stands for others in a database, and one with a blank find nothing.
    """
    magic = provider.lifecycle.magic
    capitals = [] if magic is None or magic.form in ("address", "query") else [value.swapcase()]
    wanted = [
        near for near in (*capitals, value + "0", value[:-1], value[1:], value[:-2] + "%", value[:-1] + "_", f"{value} ")
        if near != value
    ]
    return [near for near in wanted if all(_is_valid(provider, one) for one in by_free(provider, near))]


def in_another_spelling(provider: Provider, wanted: RequestTemplate, value: str) -> RequestTemplate | None:
    """Returns a request with a value of the caller's own field in capitals that mean the same; None where they do not.

    They do in a hexadecimal address, where they are a checksum (EIP-55) or none.
    """
    magic, body = provider.lifecycle.magic, wanted.body
    if magic is None or magic.form != "address" or not isinstance(body, dict):
        return None
    given = {name: text for name, text in body.items() if isinstance(text, str) and text.lower() == value.lower()}
    other = {
        name: text[:2] + (text[2:].upper() if text[2:] != text[2:].upper() else text[2:].lower()) for name, text in given.items()
    }
    return replace(wanted, body={**body, **other}) if other else None


def _is_valid(provider: Provider, wanted: RequestTemplate) -> bool:
    media = wanted.operation.body("application/json")
    return media is None or media.pointer is None or bool(provider.schemas.validator(media.pointer).is_valid(wanted.body))


def elsewhere(provider: Provider, wanted: RequestTemplate) -> Iterator[RequestTemplate]:
    """Yields the creation with the other valid values of a fact in its path (such as the type)."""
    for entry in wanted.operation.parameters:
        if entry.location == "path" and entry.name in path_facts(provider):
            for value in entry.schema.get("enum", ()):
                if value != wanted.path[entry.name]:
                    yield replace(wanted, path={**wanted.path, entry.name: value})


def in_other_places(provider: Provider, wanted: RequestTemplate) -> Iterator[RequestTemplate]:
    """Yields the creation with each other valid value of its path's parameters that have a choice of them."""
    for entry in wanted.operation.parameters:
        choices = provider.document.resolve(entry.schema)[0].get("enum", ()) if entry.location == "path" else ()
        for value in choices:
            if value != wanted.path.get(entry.name):
                yield replace(wanted, path={**wanted.path, entry.name: value})


def continued(provider: Provider, base: RequestTemplate, session: str) -> RequestTemplate | None:
    """Returns the creation with the id of an existing session, where its body has a field for one."""
    fields = _fields(provider, base.operation)
    name = next((entry for entry in fields if entry.replace("_", "").lower() == "sessionid"), None)
    if name is None:
        return None
    if base.parts:
        return replace(base, parts=(*base.parts, {"name": name, "value": session}))
    return replace(base, body={**(base.body if isinstance(base.body, dict) else {}), name: session})


def _fields(provider: Provider, operation: Operation) -> tuple[str, ...]:
    media = next(iter(operation.bodies), None)
    if media is None or media.pointer is None:
        return ()
    return tuple(provider.document.resolve(provider.document.at(media.pointer))[0].get("properties", {}))

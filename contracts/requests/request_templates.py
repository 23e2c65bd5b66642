"""Builds valid requests from lifecycle.yaml and the document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from typing import Any, Final

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.unknown_values import (
    changed_near_its_end,
    of_same_form,
    one_character_changed,
    random_part_in_other_capitals,
)
from specimen.fixtures.primitives import ids as made_ids
from specimen.specs import Operation, Provider
from specimen.specs.core.json_pointer import at
from specimen.specs.core.multipart import from_entries, write
from specimen.specs.loading.lifecycle import LifecycleRequest

_PLACEHOLDER = re.compile(r"\{(unknown:)?(\w+)(?::[^}]*)?\}")
BOUNDARY = "specimen-7d3a9f"


class _Missing(Enum):
    MISSING = "missing"


MISSING: Final = _Missing.MISSING


@dataclass(frozen=True)
class RequestTemplate:
    """A request before it is sent."""

    operation: Operation
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    body: Any = MISSING
    raw: bytes | None = None
    content_type: str | None = None
    parts: tuple[Mapping[str, str], ...] = ()


def multipart(parts: tuple[Mapping[str, str], ...]) -> bytes:
    """Encodes form parts as lifecycle.yaml writes them."""
    return write(from_entries(parts), BOUNDARY)


def filled(provider: Provider, operation: str, template: LifecycleRequest, ids: Mapping[str, str]) -> RequestTemplate | None:
    """Fills the placeholders of a template; None where it needs an unknown id."""
    try:
        return RequestTemplate(
            operation=provider.document.operations[operation],
            path=_fill(provider, template.path, ids),
            query=_fill(provider, template.query, ids),
            headers={name: value for name, value in _fill(provider, template.headers, ids).items() if name.lower() != "prefer"},
            body=_fill(provider, template.body, ids) if template.has_body else MISSING,
            raw=template.raw.encode() if template.raw is not None else None,
            content_type=template.content_type,
            parts=_fill(provider, template.multipart, ids),
        )
    except KeyError:
        return None


def _fill(provider: Provider, value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda found: _id(provider, found, ids), value)
    if isinstance(value, Mapping):
        return {key: _fill(provider, entry, ids) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_fill(provider, entry, ids) for entry in value)
    return value


def _id(provider: Provider, found: re.Match[str], ids: Mapping[str, str]) -> str:
    name = found[2]
    if name not in provider.lifecycle.ids:
        return found.group()  # braces that are no placeholder
    return unknown(provider, name, ids.get(name)) if found[1] else ids[name]


def unknown(provider: Provider, name: str = "session", known: str | None = None) -> str:
    """Returns a well-formed id of no session: of the form of a known one, else of that in lifecycle.yaml."""
    made = made_ids.make(provider.lifecycle.ids[name], f"nobody issued this {name}", 1_700_000_000_000)
    return made if known in (None, made) else of_same_form(known)


def unknown_values(provider: Provider, name: str, known: str | None) -> list[str]:
    """Returns the unknown ids to ask for in place of a known one: of its form, and it with one character or its case changed."""
    near = (one_character_changed(known), changed_near_its_end(known), random_part_in_other_capitals(known)) if known else ()
    return [unknown(provider, name, known), *(one for one in near if one is not None)]


@cache
def template_of(provider: Provider, operation_id: str) -> LifecycleRequest | None:
    """Returns the smallest valid request of an operation in the files, with placeholders for the ids of one session."""
    lifecycle = provider.lifecycle
    if lifecycle.create.operation == operation_id:
        return lifecycle.create.request
    for read in lifecycle.reads:
        if read.operation == operation_id:
            return read.request
    cases = [case for case in lifecycle.errors.values() if case.operation == operation_id]
    # A request that is refused for its credentials, or that asks for an example, is valid otherwise.
    ranked = sorted(cases, key=lambda case: (not 200 <= case.status < 300, case.status not in (401, 403), case.status != 404))
    for case in ranked:
        if _is_valid(provider, operation_id, case.request):
            return _of_one_session(case.request)
    operation = provider.document.operations[operation_id]
    needed = [entry for entry in operation.parameters if entry.required and entry.location == "path"]
    return None if needed or operation.body_required else LifecycleRequest()


def _is_valid(provider: Provider, operation_id: str, template: LifecycleRequest) -> bool:
    operation = provider.document.operations[operation_id]
    wanted = {entry.name for entry in operation.parameters if entry.required and entry.location == "path"}
    if template.raw is not None or wanted - set(template.path):
        return False
    if any(not _holds(provider, entry.pointer, template.query[entry.name]) for entry in operation.parameters
           if entry.name in template.query):  # fmt: skip
        return False
    for entry in operation.parameters:
        value = template.path.get(entry.name)
        if value is not None and not _PLACEHOLDER.search(value) and not _holds(provider, entry.pointer, value):
            return False
    if operation.body_required and not (template.has_body or template.multipart):
        return False
    if not template.has_body:
        return True
    media = operation.body("application/json")
    return media is not None and media.pointer is not None and _holds(provider, media.pointer, _sample(provider, template.body))


def _sample(provider: Provider, value: Any) -> Any:
    return _fill(provider, value, {name: unknown(provider, name) for name in provider.lifecycle.ids})


def _holds(provider: Provider, pointer: str, value: Any) -> bool:
    return bool(provider.schemas.validator(pointer).is_valid(value))


def _of_one_session(template: LifecycleRequest) -> LifecycleRequest:
    def plain(value: Any) -> Any:
        if isinstance(value, str):
            return _PLACEHOLDER.sub(lambda found: "{" + found[2] + "}", value)
        if isinstance(value, Mapping):
            return {key: plain(entry) for key, entry in value.items()}
        return [plain(entry) for entry in value] if isinstance(value, list) else value

    return replace(template, path=plain(template.path), body=plain(template.body), headers={})


@cache
def names_in(provider: Provider, operation_id: str) -> frozenset[str]:
    """Returns the kinds of id that an operation's request needs."""
    template = template_of(provider, operation_id)
    if template is None:
        return frozenset()
    text = repr((dict(template.path), template.body))
    return frozenset(found[2] for found in _PLACEHOLDER.finditer(text) if found[2] in provider.lifecycle.ids)


def minimal_request(provider: Provider, operation_id: str, ids: Mapping[str, str] | None = None) -> RequestTemplate | None:
    """Returns the smallest valid request of an operation with these ids; unknown ids where they lack."""
    template = template_of(provider, operation_id)
    if template is None:
        return None
    known = {**{name: unknown(provider, name) for name in provider.lifecycle.ids}, **(ids or {})}
    return filled(provider, operation_id, template, known)


def ids_shown(provider: Provider, exchange: Exchange, *, needs_own: bool = True) -> dict[str, str]:
    """Returns the ids in the answer to a creation: the session's own, and those of other kinds by their names."""
    found: dict[str, str] = {}
    for key, value in strings(exchange.response_json):
        plain = key.replace("_", "").lower()
        for name in provider.lifecycle.ids:
            if plain in (name.replace("_", ""), name.replace("_", "") + "id") and value:
                found.setdefault(name, value)
    own = at(exchange.response_json, provider.lifecycle.create.session)
    if isinstance(own, str):
        found["session"] = own
    return found if exchange.is_success and ("session" in found or not needs_own) else {}


def strings(value: Any) -> Iterator[tuple[str, str]]:
    """Yields every text in a JSON value with the name of its field."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            if isinstance(entry, str):
                yield key, entry
            else:
                yield from strings(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from strings(entry)


def request_examples(provider: Provider, operation: Operation) -> Iterator[Any]:
    """Yields the valid JSON bodies of an operation's requests that the files show."""
    media = operation.body("application/json")
    if media is None or media.pointer is None:
        return
    shown = list(media.examples.values())
    shown += [_sample(provider, case.request.body) for case in provider.lifecycle.errors.values()
              if case.operation == operation.id and case.request.has_body and 200 <= case.status < 300]  # fmt: skip
    seen: list[Any] = []
    for value in shown:
        if value not in seen and _holds(provider, media.pointer, value):
            seen.append(value)
            yield value

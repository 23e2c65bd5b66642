"""Mutates valid requests into invalid ones: each breaks one documented constraint of a parameter or a body field."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from specimen.contracts.requests.request_templates import MISSING, RequestTemplate, filled, request_examples, unknown
from specimen.specs import Operation, Provider
from specimen.specs.core.json_pointer import places, value_at
from specimen.specs.loading.parameters import Parameter, typed

# Values that some schemas forbid; the document's validators decide which of them are invalid in a given field.
_TEXTS = ("specimen", "", " ", "-1", "0", "1.5", "999999999", "true", "2026-13-41T00:00:00Z", "http://shop.example/x")
_VALUES: tuple[Any, ...] = (
    42, "specimen", [], {}, True, None, "", " ", -1, 0, 1.5, 10**9, ["specimen"], {"specimen": 1}, [1], {"specimen": {}},
    "http://shop.example/x", "2026-13-41", "not-a-uuid", "00000000-0000-4000-8000-000000000000",
)  # fmt: skip
_CANDIDATES: tuple[Any, ...] = (
    "specimen", "https://shop.example/x", 1, True, {}, [], "2026-01-01T00:00:00Z", "2026-01-01", "0x" + "1a" * 20, ["specimen"],
)  # fmt: skip
_FIRST = ("type", "required", "enum", "pattern", "format", "minimum", "maximum", "minLength", "maxLength")
_LIMITS = ("maxLength", "maxProperties", "maxItems")
# The number of mutations per keyword, where there are many ways to break it.
_VERSION = "version of a UUID"
_MOST = {"enum": 2, "pattern": 3, "format": 3, "propertyNames": 3, "required": 2, _VERSION: 5}
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)


# What the place of a request begins with that lifecycle.yaml documents as malformed, before the name of its case.
CASE = "case "


@dataclass(frozen=True)
class Mutation:
    """An invalid request, the parameter or JSON pointer at which it is invalid, and the keyword that it breaks."""

    request: RequestTemplate
    place: str
    keyword: str


def mutations(provider: Provider, base: RequestTemplate) -> list[Mutation]:
    """Returns all invalid requests of an operation, each with one mutation; they alternate between the fields."""
    found = [*_of_parameters(provider, base), *_of_body(provider, base), *_of_form(provider, base), *_of_cases(provider, base)]
    turns: dict[str, list[Mutation]] = {}
    for entry in sorted(found, key=lambda entry: _rank(entry.keyword)):
        turns.setdefault(entry.place, []).append(entry)
    out: list[Mutation] = []
    for turn in range(max(map(len, turns.values()), default=0)):
        out += [entries[turn] for entries in turns.values() if turn < len(entries)]
    return out


def _of_cases(provider: Provider, base: RequestTemplate) -> Iterator[Mutation]:
    """Yields the requests that lifecycle.yaml documents as malformed."""
    for case in provider.lifecycle.errors.values():
        has_preference = any(name.lower() == "prefer" for name in case.request.headers)
        is_plain = not (case.setup or case.credential or has_preference)
        if case.operation == base.operation.id and case.status in (400, 422) and is_plain:
            known = {name: unknown(provider, name) for name in provider.lifecycle.ids}
            request = filled(provider, case.operation, case.request, known)
            if request is not None and not request.parts:
                yield Mutation(request, f"{CASE}{case.name}", "case")


def _rank(keyword: str) -> int:
    if keyword == "case":
        return -1
    return _FIRST.index(keyword) if keyword in _FIRST else len(_FIRST)


def _of_parameters(provider: Provider, base: RequestTemplate) -> Iterator[Mutation]:
    for entry in base.operation.parameters:
        if entry.location not in ("query", "path", "header"):
            continue
        place = f"{entry.location} {entry.name}"
        if entry.required and entry.location != "path" and entry.name in {**base.query, **base.headers}:
            yield Mutation(_without(base, entry), place, "required")
        seen: Counter[str] = Counter()
        for text in _misread(entry.schema):
            keyword = _broken(provider, entry.pointer, typed(text, entry.schema))
            if keyword is not None:
                yield Mutation(_with(base, entry, text), place, keyword)
        for text in _texts(entry, base):
            if entry.location == "path" and text in ("", ".", ".."):
                continue
            if entry.location == "header" and (not text.isascii() or text != text.strip()):
                continue
            keyword = _broken(provider, entry.pointer, typed(text, entry.schema))
            if keyword is not None and seen[keyword] < _MOST.get(keyword, 1):
                seen[keyword] += 1
                yield Mutation(_with(base, entry, text), place, keyword)


def _misread(schema: Mapping[str, Any]) -> Iterator[str]:
    """Texts that a reader which is not strict takes for a number: it ends at the first letter."""
    if schema.get("type") == "integer":
        yield "10abc"


def _texts(entry: Parameter, base: RequestTemplate) -> Iterator[str]:
    schema, good = entry.schema, str({**base.path, **base.query}.get(entry.name, ""))
    for name, step in (("minimum", -1), ("maximum", 1)):
        if isinstance(schema.get(name), int):
            yield str(schema[name] + step)
    choices = [str(value) for value in schema.get("enum", ())]
    yield from [(good if good in choices else choices[0]).swapcase()] if choices else ()
    yield from _TEXTS
    if good:
        yield good[:-1]
        yield good + "0"
        yield "!" + good[1:]
        yield good.replace("_", "-", 1)
    for value in choices:
        yield f"{value}x"
    yield "a" * (int(schema.get("maxLength", 255)) + 1)


def _with(base: RequestTemplate, entry: Parameter, text: str) -> RequestTemplate:
    if entry.location == "path":
        return replace(base, path={**base.path, entry.name: text})
    if entry.location == "query":
        return replace(base, query={**base.query, entry.name: text})
    return replace(base, headers={**base.headers, entry.name: text})


def _without(base: RequestTemplate, entry: Parameter) -> RequestTemplate:
    return replace(
        base,
        query={name: value for name, value in base.query.items() if name != entry.name},
        headers={name: value for name, value in base.headers.items() if name != entry.name},
    )


def _of_body(provider: Provider, base: RequestTemplate) -> Iterator[Mutation]:
    operation = base.operation
    media = operation.body("application/json")
    if media is None or media.pointer is None:
        return
    if operation.body_required:
        yield Mutation(replace(base, body=MISSING), "no body", "required")
    yield Mutation(replace(base, body=MISSING, raw=b'{"', content_type="application/json"), "not JSON", "type")
    seen: Counter[tuple[str, str]] = Counter()
    for body in bodies(provider, operation, base):
        limits = _limits(provider.document.at(media.pointer), provider)
        # Of a text other than a choice, other capitals may mean the same.
        capitals = ((value, "enum") for value in _in_other_capitals(body))
        versions = ((value, _VERSION) for value in _in_other_versions(body))
        for value, only in (*capitals, *((value, "") for value in _broken_bodies(body, limits)), *versions):
            for pointer, keyword in _first_errors(provider, media.pointer, value):
                kind = only if only == _VERSION and keyword == "pattern" else keyword
                if only in ("", kind) and seen[pointer, kind] < _MOST.get(kind, 1):
                    seen[pointer, kind] += 1
                    yield Mutation(replace(base, body=value), pointer or "body", keyword)


def _of_form(provider: Provider, base: RequestTemplate) -> Iterator[Mutation]:
    """Yields forms without a required part, and forms with a part whose text breaks its schema."""
    media = base.operation.body("multipart/form-data") if base.parts else None
    if media is None or media.pointer is None:
        return
    schema, place = provider.document.resolve(provider.document.at(media.pointer), media.pointer)
    # A form needs at least one part.
    other = {"name": "specimen", "value": "specimen"}
    for name in schema.get("required", ()):
        rest = tuple(part for part in base.parts if part["name"] != name)
        yield Mutation(replace(base, parts=(*rest, other)), f"part {name}", "required")
    for name, node in schema.get("properties", {}).items():
        wanted = provider.document.resolve(node)[0]
        rest = tuple(part for part in base.parts if part["name"] != name)
        seen: Counter[str] = Counter()
        for text in (*_TEXTS, "a" * (int(wanted.get("maxLength", 255)) + 1)) if wanted.get("type") != "array" else ():
            keyword = _broken(provider, f"{place}/properties/{name}", typed(text, wanted))
            if keyword is not None and seen[keyword] < 1:
                seen[keyword] += 1
                yield Mutation(replace(base, parts=(*rest, {"name": name, "value": text})), f"part {name}", keyword)


def bodies(provider: Provider, operation: Operation, base: RequestTemplate) -> list[Any]:
    """Returns valid bodies to mutate: the smallest, one with as many properties as possible, then the examples."""
    media = operation.body("application/json")
    if media is None or media.pointer is None:
        return []
    validator = provider.schemas.validator(media.pointer)
    found = [entry for entry in (base.body, *request_examples(provider, operation)) if entry is not MISSING]
    if not any(isinstance(entry, dict) for entry in found) and validator.is_valid({}):
        found.append({})
    schema = provider.document.resolve(provider.document.at(media.pointer))[0]
    full: dict[str, Any] = {}
    for entry in found:
        if isinstance(entry, dict) and validator.is_valid({**full, **entry}):
            full = {**full, **entry}
    for name, node in schema.get("properties", {}).items():
        choices = provider.document.resolve(node)[0].get("enum", ())
        for value in (*choices, *_CANDIDATES):
            if name not in full and validator.is_valid({**full, name: value}):
                full[name] = value
    first = [] if base.body is MISSING else [base.body]
    return [copy.deepcopy(entry) for entry in (*first, full, *found)]


def _broken_bodies(body: Any, limits: Mapping[str, Sequence[int]]) -> Iterator[Any]:
    yield from ([], "specimen", 42, None, {"specimen": "specimen"})
    for way in places(body):
        node = value_at(body, way[:-1])
        original = node[way[-1]]
        if isinstance(node, dict):
            copied = copy.deepcopy(body)
            del value_at(copied, way[:-1])[way[-1]]
            yield copied
        for value in (*_near(original, limits), *_VALUES):
            copied = copy.deepcopy(body)
            value_at(copied, way[:-1])[way[-1]] = value
            yield copied


def _in_other_capitals(body: Any) -> Iterator[Any]:
    for way in places(body):
        text = value_at(body, way)
        if isinstance(text, str):
            copied = copy.deepcopy(body)
            value_at(copied, way[:-1])[way[-1]] = text.swapcase()
            yield copied


def _in_other_versions(body: Any) -> Iterator[Any]:
    """The body with a UUID of each other version in place of its own, then of another variant (RFC 9562, section 4)."""
    for way in places(body):
        text = value_at(body, way)
        if isinstance(text, str) and _UUID.fullmatch(text):
            texts = [f"{text[:14]}{version}{text[15:]}" for version in "3567"]
            for other in (*texts, f"{text[:19]}0{text[20:]}"):
                copied = copy.deepcopy(body)
                value_at(copied, way[:-1])[way[-1]] = other
                yield copied


def _near(original: Any, limits: Mapping[str, Sequence[int]]) -> Iterator[Any]:
    if isinstance(original, str):
        yield original.replace("https://", "http://", 1)
        yield "00000000-0000-4000-8000-000000000000"
        yield original[:-1]
        yield original + "\n"
        yield "!" + original
        for limit in limits["maxLength"]:
            yield original + "a" * (limit + 1 - len(original)) if len(original) <= limit else original
    if isinstance(original, dict):
        first = next(iter(original.values()), "specimen")
        yield {**original, "specimen_unknown": first}
        for key in original:  # a number in a name may have limits
            yield {**original, re.sub(r"\d+", "1", key): first}
            yield {**original, re.sub(r"\d+", "999", key): first}
        for limit in limits["maxProperties"]:
            if limit <= 256:
                yield {**original, **{f"specimen_{index}": first for index in range(limit + 1)}}
    if isinstance(original, list):
        for limit in limits["maxItems"]:
            if limit <= 256:
                yield (original or ["specimen"]) * (limit + 1)


def _limits(schema: Any, provider: Provider) -> dict[str, list[int]]:
    """Returns every length and count that a schema names, by keyword, smallest first."""
    found = set(_named_limits(schema, provider))
    return {keyword: sorted(limit for name, limit in found if name == keyword) for keyword in _LIMITS}


def _named_limits(schema: Any, provider: Provider, depth: int = 0) -> Iterator[tuple[str, int]]:
    schema = provider.document.resolve(schema)[0]
    if depth >= 6 or not isinstance(schema, Mapping):
        return
    for key, value in schema.items():
        if key in _LIMITS and isinstance(value, int) and value <= 5000:
            yield key, value
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, Mapping):
                yield from _named_limits(entry, provider, depth + 1)


def _first_errors(provider: Provider, pointer: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yields the field and the keyword of an error, if only one field is invalid."""
    errors = list(provider.schemas.validator(pointer).iter_errors(json.loads(json.dumps(value))))
    places = {"".join(f"/{part}" for part in error.instance_path) for error in errors}
    if len(places) == 1:
        yield places.pop(), errors[0].kind.name


def _broken(provider: Provider, pointer: str, value: Any) -> str | None:
    try:
        error = next(iter(provider.schemas.validator(pointer).iter_errors(value)), None)
    except ValueError:  # half of a surrogate pair
        return None
    return None if error is None else str(error.kind.name)

"""A provider's openapi.yaml as frozen values: operations with merged parameters, bodies, answers and named examples."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from specimen.specs.core.errors import SpecError, did_you_mean
from specimen.specs.core.json_pointer import escape, split
from specimen.specs.core.yaml_files import read_yaml
from specimen.specs.loading.error_bodies import ACCOUNT_DEPENDENT, AccountRefusal, account_refusals, blamed_fields, error_code
from specimen.specs.loading.openapi_document_check import mistake
from specimen.specs.loading.parameters import Parameter, parameter_of

# Keywords whose values are data, in which `$ref` has no meaning.
_DATA = frozenset({"value", "example", "const", "default", "enum"})
EVENT_STREAM = "text/event-stream"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# On a request body: one of a content type that it does not list is left unread, and not refused.
OTHER_CONTENT_TYPES = "x-other-content-types"
# Of an answer whose status no page gives, though one says what is answered: why the status was assumed.
ASSUMED_STATUS = "x-assumed-status"
# Answers to requests that match no operation; each is one of `components/responses`, with one example.
COMPONENT_RESPONSES = {
    "route_not_found": ("RouteNotFound", 404),
    "method_not_allowed": ("MethodNotAllowed", 405),
    "request_timeout": ("RequestTimeout", 408),
    "content_too_large": ("ContentTooLarge", 413),
    "unsupported_media_type": ("UnsupportedMediaType", 415),
}


@dataclass(frozen=True, slots=True)
class Media:
    """A body of one content type; `pointer` is the place of its schema, None where the document gives none."""

    content_type: str
    pointer: str | None
    examples: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer that the document lists: its status, and a `Media` per content type.

    `mark` says how its status is known, `body_mark` how its body is: a page may tell what is answered without its status.
    `account_refusals` are those of its bodies that any valid request may meet; one without a code stands for all bodies.
    """

    status: str
    media: tuple[Media, ...]
    headers: Mapping[str, Any]
    mark: str
    body_mark: str
    account_refusals: tuple[AccountRefusal, ...] = ()

    def account_refusal(self, body: Any) -> AccountRefusal | None:
        """The refusal for reasons of the account that a body is; None where it is another answer."""
        code, fields = error_code(body), blamed_fields(body)
        named = (one for one in self.account_refusals if one.code is not None and one.code == code)
        found = next((one for one in named if not one.fields or set(one.fields) <= set(fields)), None)
        return found or next((one for one in self.account_refusals if one.code is None), None)

    def content(self, content_type: str) -> Media | None:
        """The media of a content type, without parameters such as charset."""
        plain = content_type.partition(";")[0].strip().lower()
        return next((media for media in self.media if media.content_type == plain), None)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document. `ignores_other_bodies`: a body of a content type that it does not list is not read.

    `part` names a part of the API beside the sessions (`x-part` of its path), which an implementation may lack.
    """

    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    bodies: tuple[Media, ...]
    body_required: bool
    responses: Mapping[str, Response]
    security: tuple[str, ...]
    mark: str
    source: str
    is_safe: bool
    ignores_other_bodies: bool = False
    part: str | None = None

    @property
    def can_stream(self) -> bool:
        """Whether one of its answers is a stream of server-sent events."""
        return any(media.content_type == EVENT_STREAM for response in self.responses.values() for media in response.media)

    def body(self, content_type: str) -> Media | None:
        """The request body of a content type, or None where the operation takes no such body."""
        plain = content_type.partition(";")[0].strip().lower()
        return next((media for media in self.bodies if media.content_type == plain), None)

    def example(self, name: str) -> tuple[int, str, Any] | None:
        """Status, content type and value of a named response example; the caller must not change the value."""
        for status, response in self.responses.items():
            for media in response.media:
                if name in media.examples:
                    return int(status), media.content_type, media.examples[name]
        return None

    def examples(self) -> Iterator[tuple[str, int]]:
        """Names and statuses of all response examples, in the document's order."""
        for status, response in self.responses.items():
            for media in response.media:
                for name in media.examples:
                    yield name, int(status)


class Document:
    """An OpenAPI 3.1 document; `raw` is the file's value and must not be changed."""

    def __init__(self, raw: Mapping[str, Any], path: Path) -> None:
        self.raw = raw
        self.path = path
        self.operations: dict[str, Operation] = {}
        for route, item in raw.get("paths", {}).items():
            for method in METHODS:
                if method in item:
                    operation = self._operation(route, method, item)
                    if operation.id in self.operations:
                        raise SpecError(str(path), f"the operationId '{operation.id}' stands twice.")
                    self.operations[operation.id] = operation

    @cached_property
    def base_path(self) -> str:
        """The path of the vendor's base URL, without a slash at its end."""
        servers = self.raw.get("servers") or [{"url": "/"}]
        url: str = servers[0]["url"]
        rest = url.partition("://")[2]
        return (url if not rest else "/" + rest.partition("/")[2]).rstrip("/")

    @cached_property
    def parts(self) -> frozenset[str]:
        """The parts of the API beside the sessions, which an implementation may lack (`x-part` of a path)."""
        return frozenset(item["x-part"] for item in self.raw.get("paths", {}).values() if "x-part" in item)

    def with_parts(self, wanted: Collection[str]) -> Document:
        """The document with the main operations and those of some parts."""
        if self.parts <= frozenset(wanted):
            return self
        kept = {path: item for path, item in self.raw["paths"].items() if item.get("x-part") in (None, *wanted)}
        return Document({**self.raw, "paths": kept}, self.path)

    def resolve(self, node: Any, pointer: str = "") -> tuple[Any, str]:
        """The value that a node's `$ref` refers to, with its JSON pointer; a node without one is returned as it is."""
        seen: set[str] = set()
        while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
            ref = node["$ref"]
            if not ref.startswith("#/") or ref in seen:
                raise SpecError(f"{self.path}: {pointer}", f"$ref '{ref}' leads nowhere in this file.")
            seen.add(ref)
            pointer = ref[1:]
            node = self.at(pointer)
        return node, pointer

    def at(self, pointer: str) -> Any:
        """The value at a JSON pointer.

        Raises:
            SpecError: there is none.
        """
        node: Any = self.raw
        for key in split(pointer):
            try:
                node = node[int(key)] if isinstance(node, list) else node[key]
            except (KeyError, IndexError, ValueError, TypeError):
                possible = node if isinstance(node, Mapping) else ()
                raise SpecError(f"{self.path}: {pointer}", f"there is no '{key}'. {did_you_mean(key, possible)}") from None
        return node

    def request_names(self, operation: Operation, location: str) -> tuple[str, ...]:
        """The names of an operation's path parameters (`path`), or of the fields of its JSON body (`body`) or form (`form`)."""
        if location == "path":
            return tuple(entry.name for entry in operation.parameters if entry.location == "path")
        media = operation.body("application/json" if location == "body" else "multipart/form-data")
        schema = self.resolve(self.at(media.pointer))[0] if media is not None and media.pointer is not None else {}
        return tuple(schema.get("properties", {}))

    def component(self, kind: str) -> tuple[int, str, Any] | None:
        """Status, content type and value of the answer for a request that no operation takes, by kind of problem."""
        name, status = COMPONENT_RESPONSES[kind]
        if name not in self.raw.get("components", {}).get("responses", {}):
            return None
        response = self._response(str(status), self.raw["components"]["responses"][name], f"/components/responses/{name}")
        for media in response.media:
            for value in media.examples.values():
                return status, media.content_type, value
        return None

    def served(self, mount: str) -> dict[str, Any]:
        """A copy whose first server is the mount."""
        document: dict[str, Any] = copy.deepcopy(dict(self.raw))
        document["servers"] = [{"url": mount, "description": "this server"}, *document.get("servers", [])]
        return document

    def _operation(self, route: str, method: str, item: Mapping[str, Any]) -> Operation:
        node = item[method]
        pointer = f"/paths/{escape(route)}/{method}"
        if "operationId" not in node:
            raise SpecError(f"{self.path}: {pointer}", "an operationId is missing.")
        # An operation's parameter replaces the path item's of the same name and place (OpenAPI 3.1, "Path Item Object").
        merged: dict[tuple[str, str], Parameter] = {}
        for owner, place in ((item, f"/paths/{escape(route)}"), (node, pointer)):
            for index, entry in enumerate(owner.get("parameters", [])):
                found, at = self.resolve(entry, f"{place}/parameters/{index}")
                parameter = parameter_of(found, at, f"{self.path}: {at}", lambda schema: self.resolve(schema)[0])
                name = parameter.name.lower() if parameter.location == "header" else parameter.name
                merged[name, parameter.location] = parameter
        body, body_at = self.resolve(node.get("requestBody", {}), f"{pointer}/requestBody")
        security = node.get("security", self.raw.get("security", []))
        return Operation(
            id=node["operationId"],
            method=method,
            path=route,
            parameters=tuple(merged.values()),
            bodies=self._media(body, body_at),
            body_required=bool(body.get("required")),
            ignores_other_bodies=self._ignores_other_bodies(body, body_at),
            responses={
                str(status): self._response(str(status), response, f"{pointer}/responses/{status}")
                for status, response in node.get("responses", {}).items()
            },
            security=tuple(name for requirement in security for name in requirement),
            mark=mark_of(node),
            source=node.get("x-source", ""),
            is_safe=bool(node.get("x-safe", method in ("get", "head"))),
            part=item.get("x-part"),
        )

    def _response(self, status: str, node: Any, pointer: str) -> Response:
        found, at = self.resolve(node, pointer)
        media = found.get("content", {}).values()
        examples = [self.resolve(example)[0] for each in media for example in each.get("examples", {}).values()]
        for each in (found, *examples):
            if not isinstance(each.get(ACCOUNT_DEPENDENT, False), bool):
                raise SpecError(f"{self.path}: {at}", f"{ACCOUNT_DEPENDENT} is true or false, not {each[ACCOUNT_DEPENDENT]!r}.")
        return Response(
            status,
            self._media(found, at),
            found.get("headers", {}),
            "A" if ASSUMED_STATUS in found else mark_of({**found, **node}),
            mark_of({**found, **node}),
            account_refusals(found, examples),
        )

    def _ignores_other_bodies(self, body: Mapping[str, Any], pointer: str) -> bool:
        said = body.get(OTHER_CONTENT_TYPES)
        if said not in (None, "ignored"):
            raise SpecError(f"{self.path}: {pointer}", f"{OTHER_CONTENT_TYPES} is `ignored` or is left out, not {said!r}.")
        return said is not None

    def _media(self, node: Mapping[str, Any], pointer: str) -> tuple[Media, ...]:
        found = []
        for content_type, media in node.get("content", {}).items():
            place = f"{pointer}/content/{escape(content_type)}"
            examples = {name: self.resolve(example)[0].get("value") for name, example in media.get("examples", {}).items()}
            found.append(Media(content_type.lower(), f"{place}/schema" if "schema" in media else None, examples))
        return tuple(found)


def mark_of(node: Mapping[str, Any]) -> str:
    """How we know what a node of the document says: D documented, P public, I implied, A assumed."""
    return {"public": "P", "implied": "I", "assumed": "A"}.get(node.get("x-provenance", ""), "D")


def mark_at(node: Mapping[str, Any], keyword: str) -> str:
    """How we know what one keyword of a node says: as the rest of the node, but A where its `x-assumed` names the keyword."""
    return "A" if keyword in node.get("x-assumed", ()) else mark_of(node)


def read_document(path: Path) -> Document:
    """The OpenAPI document in a file.

    Raises:
        SpecError: it is no YAML, or has an operation without an id or a `$ref` that leads nowhere.
    """
    raw = read_yaml(path)
    if not isinstance(raw, dict) or not str(raw.get("openapi", "")).startswith("3.1"):
        raise SpecError(str(path), "expected an OpenAPI 3.1 document (`openapi: 3.1.0`).")
    try:
        document = Document(raw, path)
    except (AttributeError, KeyError, TypeError) as error:
        raise SpecError(str(path), mistake(raw) or "is not a document that can be read.") from error
    for node, pointer in _references(raw, ""):
        document.resolve(node, pointer)
    return document


def _references(node: Any, pointer: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Every value with a `$ref`, and its place; what examples show is data."""
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            yield node, pointer
        for key, value in node.items():
            if key not in _DATA:
                yield from _references(value, f"{pointer}/{escape(key)}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _references(value, f"{pointer}/{index}")

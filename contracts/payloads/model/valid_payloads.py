"""Valid, coherent payloads to mutate: a request of each operation, and its answer in each state."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any

from specimen.contracts.payloads.model.fields import PayloadField, places, slug
from specimen.contracts.payloads.model.mutations import ABSENT
from specimen.contracts.requests.mutations import bodies
from specimen.contracts.requests.request_templates import MISSING, RequestTemplate, template_of
from specimen.fixtures import recipes
from specimen.fixtures.primitives import times
from specimen.fixtures.recipes import session_histories
from specimen.fixtures.recipes.recipe import Listing, SessionSnapshot, answer, settle
from specimen.specs import Operation, Provider
from specimen.specs.loading.openapi import EVENT_STREAM, Media
from specimen.specs.loading.webhooks import EventType

REQUEST, RESPONSE = "request", "response"
# The fixed time of all cases, so that a case has the same bytes on every day.
NOW = times.parse("2026-03-19T10:31:30Z")
# How many sessions a page may have, where it shows all that there are.
_LIMIT = 10
_FIRST_ERROR = 400
_PLACEHOLDER = re.compile(r"\{(\w+(?::\w+)?)\}")


@dataclass(frozen=True, eq=False)
class Base:
    """A valid payload of one operation in one direction.

    Attributes:
        payload: a response's JSON body; of a request `{"path": …, "query": …, "headers": …, "body": …}`, ids as placeholders
            such as `{session}`, a form's parts as an object.
        status: the HTTP status of a response; 0 of a request.
        state: the session's state in a response, None where the answer is about none.
        snapshot: the one of the session that the payload was made from, if any.
        request: the template of a request.
        event: the type of an event, where the payload is one.
        tells_failure: whether a response with the status of a success tells of a failure, as a documented one does.
    """

    provider: Provider
    operation: Operation
    direction: str
    payload: Any
    pointer: str | None = None
    status: int = 0
    scenario: str | None = None
    state: str | None = None
    snapshot: SessionSnapshot | None = None
    request: RequestTemplate | None = None
    seed: int = 0
    media: Media | None = field(default=None)
    sent_at: int = NOW
    event: EventType | None = None
    tells_failure: bool = False

    @property
    def now(self) -> int:
        """When it is read (milliseconds since the epoch)."""
        return self.snapshot.now if self.snapshot is not None else self.sent_at

    @property
    def is_error(self) -> bool:
        """Whether it is an answer other than a success."""
        return self.status >= _FIRST_ERROR or self.tells_failure

    @property
    def is_stream(self) -> bool:
        """Whether it is a stream of events, whose payload is bytes."""
        return self.direction == RESPONSE and self.media is not None and self.media.content_type == EVENT_STREAM

    def places(self) -> tuple[PayloadField, ...]:
        """Returns the fields of the payload, in its order."""
        return _places(self)


@lru_cache(maxsize=512)
def _places(base: Base) -> tuple[PayloadField, ...]:
    if base.direction == RESPONSE:
        found_here = places(base.provider, base.payload, base.pointer)
        if not base.is_error:
            return tuple(found_here)
        # The ids of an error's cases say its status, as a part of the place.
        return tuple(replace(each, label=".".join(filter(None, (str(base.status), each.label)))) for each in found_here)
    found: list[PayloadField] = []
    for parameter in base.operation.parameters:
        section = {"path": "path", "query": "query", "header": "headers"}.get(parameter.location)
        if section is None:
            continue
        value = base.payload.get(section, {}).get(parameter.name, ABSENT)
        parts = (section, parameter.name)
        holding = base.provider.field_semantics.at(parts, base.payload)
        holds = None if holding is None else holding.holds
        pointer = "/" + "/".join(parts)
        known = (parameter.schema,), holds, parameter.required
        found.append(PayloadField(pointer, parts, value, *known, is_twin=False, mark="D", label=".".join(map(slug, parts))))
    if "body" in base.payload:
        found += places(base.provider, base.payload, base.pointer, ("body",))
    return tuple(found)


def responses(
    provider: Provider, operation: Operation, *, seed: int = 0, locale: str | None = None, now: int = NOW
) -> Iterator[Base]:
    """Yields answers of an operation: of each scenario's session in the state it ends in, then in those along the way.

    Each state is met by the happy path first; a creation answers the first state of each. A list gives a page with a session of
    each scenario, the happy path's first, and an operation that answers no single session the document's examples. Not all are
    valid: what ends a session does not answer an open one.
    """
    answers, listings = recipes.answers(provider), recipes.listings(provider)
    media = _success(operation)
    if media is None or media[1].pointer is None:
        return
    status, found = media
    if operation.id not in answers:
        if operation.id in listings:
            for shown, body in _pages(provider, listings[operation.id], seed, locale, now):
                yield Base(provider, operation, RESPONSE, body, found.pointer, status, shown, seed=seed, sent_at=now)
        validator = provider.schemas.validator(found.pointer or "")
        for value in found.examples.values():
            if validator.is_valid(value):
                yield Base(provider, operation, RESPONSE, value, found.pointer, status, seed=seed, sent_at=now)
        return
    reads = {read.operation: read for read in provider.lifecycle.reads}
    last = []
    for index, (name, scenario) in enumerate(provider.lifecycle.scenarios.items()):
        if operation.id in reads and not reads[operation.id].fits(scenario.facts):
            continue
        facts = {} if seed == 0 else _document_facts(provider, name, index, locale)
        life = session_histories.snapshots(
            provider, name, seed=1000 * seed + index, key=f"payloads/{seed}/{name}", at=now, locale=locale, facts=facts
        )
        if operation.id == provider.lifecycle.create.operation and operation.id not in reads:
            life = life[:1]
        last.append(life)
    for snapshot in [life[-1] for life in last] + [snapshot for life in last for snapshot in life[:-1]]:
        body = answer(answers[operation.id], snapshot)
        yield Base(
            provider, operation, RESPONSE, body, found.pointer, status, snapshot.scenario, snapshot.state, snapshot, seed=seed
        )


def errors(provider: Provider, operation: Operation, *, now: int = NOW) -> Iterator[Base]:
    """Yields the documented errors of an operation, each status with the first of its examples that its schema takes.

    Neuro-Vision documents one with the status of a success: an example that `lifecycle.yaml` names and that says `error`.
    """
    for status, response in operation.responses.items():
        media = response.content("application/json")
        if not status.isdigit() or int(status) < _FIRST_ERROR or media is None or media.pointer is None:
            continue
        validator = provider.schemas.validator(media.pointer)
        example = next((value for value in media.examples.values() if validator.is_valid(value)), None)
        if isinstance(example, Mapping):
            yield Base(provider, operation, RESPONSE, example, media.pointer, int(status), sent_at=now)
    for case in provider.lifecycle.errors.values():
        shown = operation.example(case.example) if case.operation == operation.id and case.status < _FIRST_ERROR else None
        if shown is not None and isinstance(shown[2], Mapping) and shown[2].get("status") == "error":
            media = operation.responses[str(shown[0])].content(shown[1])
            pointer = None if media is None else media.pointer
            yield Base(provider, operation, RESPONSE, shown[2], pointer, shown[0], sent_at=now, tells_failure=True)


def streams(provider: Provider, operation: Operation, *, seed: int = 0, now: int = NOW) -> Iterator[Base]:
    """Yields the stream of events about one session, from its first state to its end, where the operation answers with one."""
    media = next((found for found in (one.content(EVENT_STREAM) for one in operation.responses.values()) if found), None)
    read = next((read for read in provider.lifecycle.reads if read.operation in recipes.answers(provider)), None)
    if media is None or read is None:
        return
    scenario = next(iter(provider.lifecycle.scenarios))
    life = session_histories.snapshots(provider, scenario, seed=1000 * seed, key=f"payloads/{seed}/stream", at=now)
    bodies_of = [answer(recipes.answers(provider)[read.operation], snapshot) for snapshot in life]
    text = "".join(f"data: {json.dumps(body, ensure_ascii=False)}\n\n" for body in bodies_of)
    yield Base(provider, operation, RESPONSE, text.encode(), None, 200, None, None, life[-1], seed=seed, media=media)


def _pages(provider: Provider, listing: Listing, seed: int, locale: str | None, now: int) -> Iterator[tuple[str, Any]]:
    """For each scenario a page with one of its sessions, and its name; the second page says that there are more.

    One session alone: a change of its id or times then says nothing of the order of several.
    """
    for index, name in enumerate(provider.lifecycle.scenarios):
        snapshot = session_histories.snapshots(
            provider, name, seed=1000 * seed + index, key=f"payloads/{seed}/page/{name}", at=now, locale=locale,
            facts=listing.made_with,
        )[-1]  # fmt: skip
        yield name, settle(listing.page([snapshot], *((1, True) if index == 1 else (_LIMIT, False))), now)


@cache
def _document_facts(provider: Provider, scenario: str, seed: int, locale: str | None) -> Mapping[str, str]:
    """Returns the facts that decide which fields a document has, so that other people get a document of the same kind."""
    person = session_histories.snapshots(provider, scenario, seed=seed, key="", at=NOW, locale=locale)[-1].identity
    return {"locale": person.locale, "document": person.document.kind}


def _success(operation: Operation) -> tuple[int, Media] | None:
    """The JSON body of an operation's success, the status of something new first."""
    for status, response in operation.responses.items():
        media = response.content("application/json")
        if status.startswith("2") and media is not None:
            return int(status), media
    return None


def requests(provider: Provider, operation: Operation, *, now: int = NOW) -> Iterator[Base]:
    """Yields requests of an operation: with as many fields as possible, then the smallest, then the examples."""
    template = template_of(provider, operation.id)
    if template is None:
        return
    body = template.body if template.has_body else MISSING
    request = RequestTemplate(
        operation, template.path, template.query, dict(template.headers), body, None, template.content_type, template.multipart
    )
    if request.parts:
        media = operation.body("multipart/form-data")
        form = dict(_form(request.parts))
        yield _request(provider, request, form, media, now)
        return
    media = operation.body("application/json")
    if media is None:
        yield _request(provider, request, MISSING, None, now)
        return
    smallest, full, *rest = bodies(provider, operation, request) or [request.body, request.body]
    seen: list[Any] = []
    for shown in (full, smallest, *rest):
        value = _of_one_session(shown, request.body, ignored_fields(provider, media.pointer, shown))
        if value not in seen and isinstance(value, dict):
            seen.append(value)
            yield _request(provider, replace(request, body=value), value, media, now)


def _of_one_session(body: Any, template: Any, ignored: frozenset[str]) -> Any:
    """Puts the placeholders of one session into a body, and removes fields that a service ignores."""
    if not isinstance(body, dict) or not isinstance(template, Mapping):
        return body
    own = {name: value for name, value in template.items() if isinstance(value, str) and _PLACEHOLDER.search(value)}
    return {name: own.get(name, value) for name, value in body.items() if name not in ignored}


def ignored_fields(provider: Provider, pointer: str | None, body: Any) -> frozenset[str]:
    """Returns the fields of a body that a service may ignore beside another one (`x-ignored-beside`)."""
    if pointer is None or not isinstance(body, Mapping):
        return frozenset()
    schema = provider.document.resolve(provider.document.at(pointer))[0]
    named = {name: node.get("x-ignored-beside") for name, node in schema.get("properties", {}).items()}
    return frozenset(name for name, other in named.items() if other is not None and other in body)


def _request(provider: Provider, request: RequestTemplate, body: Any, media: Media | None, now: int) -> Base:
    payload: dict[str, Any] = {}
    for name, values in (("path", request.path), ("query", request.query), ("headers", request.headers)):
        if values:
            payload[name] = dict(values)
    if body is not MISSING:
        payload["body"] = body
    pointer = None if media is None else media.pointer
    return Base(provider, request.operation, REQUEST, payload, pointer, request=request, media=media, sent_at=now)


def _form(parts: tuple[Mapping[str, str], ...]) -> Iterator[tuple[str, Any]]:
    """A form's parts by name; several of one name as an array, a file as its base64 text with a marker."""
    for name in dict.fromkeys(part["name"] for part in parts):
        values = [dict(part) if "base64" in part else part["value"] for part in parts if part["name"] == name]
        yield name, values if len(values) > 1 or isinstance(values[0], dict) else values[0]


def form_parts(form: Mapping[str, Any]) -> tuple[Mapping[str, str], ...]:
    """The parts of a form that a payload's body stands for; a value that is no text is written as JSON."""
    found: list[Mapping[str, str]] = []
    for name, value in form.items():
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, Mapping) and "base64" in entry:
                found.append({**entry, "name": name})
            elif isinstance(entry, str):
                found.append({"name": name, "value": entry})
            else:
                found.append({"name": name, "base64": base64.b64encode(repr(entry).encode()).decode()})
    return tuple(found)


def spelled(ids: Mapping[str, str]) -> dict[str, str]:
    """The ids of a session by their placeholders, each also in the spellings that an edge case asks for.

    `{session:capitals}` is the id in capitals, `{session:bare}` without its hyphens.
    """
    found = dict(ids)
    for name, value in ids.items():
        found.setdefault(f"{name}:capitals", value.upper())
        found.setdefault(f"{name}:bare", value.replace("-", ""))
    return found


def with_ids(payload: Any, ids: Mapping[str, str]) -> Any:
    """A payload with its placeholders filled by `ids`, as `spelled` gives them."""
    if isinstance(payload, str):
        return _PLACEHOLDER.sub(lambda found: ids.get(found[1], found.group()), payload)
    if isinstance(payload, Mapping):
        return {key: with_ids(entry, ids) for key, entry in payload.items()}
    return [with_ids(entry, ids) for entry in payload] if isinstance(payload, list) else payload

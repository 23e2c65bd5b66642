"""Sets the values of requests that another account or deployment needs to be others: `--set NAME=VALUE`."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.unknown_values import of_same_form
from specimen.contracts.judge.checks.account_refusals import account_refusal
from specimen.contracts.requests.request_templates import RequestTemplate
from specimen.specs import Document, Provider, SpecimenError
from specimen.specs.core.errors import did_you_mean
from specimen.specs.loading.lifecycle import LifecycleRequest, Lifetime, ProbeValue, Read, ValuePlace

HOST = "host"
LIFETIME = "lifetime"


@dataclass(frozen=True, slots=True)
class SettableValue:
    """A value as `--dry-run` lists it: where it is used, what is sent by default, what the user gave in its place."""

    name: str
    meaning: str
    used_in: tuple[str, ...]
    default: str | None
    given: str | None = None


def settable(provider: Provider) -> tuple[SettableValue, ...]:
    """Returns the values that can be set, by the names of lifecycle.yaml; of a provider without any, those of its first read."""
    given = provider.lifecycle.given
    return tuple(
        SettableValue(
            value.name,
            value.meaning,
            tuple(f"{place.operation} {place.location} {place.name}" for place in value.places),
            next(iter(_defaults(provider, value)), None),
            given.get(value.name),
        )
        for value in _values(provider).values()
    )


def with_values(provider: Provider, values: Mapping[str, str]) -> Provider:
    """Returns the provider with these values in its requests in place of lifecycle.yaml's (`environment=staging`).

    Only reads and scenarios that fit the values stay (`type=business`). What is sent to be refused is kept as it is.

    Raises:
        SpecimenError: the provider has no such value.
    """
    if not values:
        return provider
    known, lifecycle = _values(provider), provider.lifecycle
    for name, text in values.items():
        if name not in known:
            raise SpecimenError(f"--set '{name}': {provider.name} has no such value. {_possible(name, known)}")
        if known[name].part == HOST and urlsplit(f"//{text}").netloc != text:
            raise SpecimenError(f"--set '{name}': expected a host, without a scheme or a path.")
        if known[name].part == LIFETIME and not (text.isascii() and text.isdecimal() and int(text)):
            raise SpecimenError(f"--set '{name}': expected a number of seconds, from 1 on.")
    changes = {name: (known[name], _defaults(provider, known[name]), text) for name, text in values.items()}

    def changed(operation: str, request: LifecycleRequest) -> LifecycleRequest:
        for value, defaults, text in changes.values():
            for place in value.places:
                if place.operation == operation:
                    request = _replaced(request, place, value, defaults, text)
        return request

    create = replace(lifecycle.create, request=changed(lifecycle.create.operation, lifecycle.create.request))
    for value, _, text in changes.values():
        if value.in_creation:
            create = replace(create, request=_added(create.request, create.operation, value, text))
    return replace(
        provider,
        document=_document(provider.document, list(changes.values())),
        lifecycle=replace(
            lifecycle,
            create=create,
            lifetime=_lifetime(lifecycle.lifetime, list(changes.values())),
            reads=tuple(
                replace(read, request=changed(read.operation, read.request)) for read in lifecycle.reads if _fits(read, values)
            ),
            scenarios={name: entry for name, entry in lifecycle.scenarios.items() if not _differ(entry.facts, values)}
            or lifecycle.scenarios,
            errors={
                name: replace(case, request=changed(case.operation, case.request)) for name, case in lifecycle.errors.items()
            },
            given={**lifecycle.given, **values},
        ),
    )


def given_at(provider: Provider, pointer: str) -> tuple[str | None, str | None]:
    """Returns what the user gave for a field of the creation's body: a whole value, and the host of a URL."""
    lifecycle = provider.lifecycle
    whole = host = None
    for value in lifecycle.values.values():
        if any(place.operation == lifecycle.create.operation and f"/{place.name}" == pointer for place in value.places):
            text = lifecycle.given.get(value.name)
            whole, host = (whole, text or host) if value.part == HOST else (text or whole, host)
    return whole, host


def without_refused(provider: Provider, sent: RequestTemplate, answer: Exchange) -> RequestTemplate | None:
    """Returns a request without the field whose value the account refused; None where there is none, or it is needed."""
    refusal = account_refusal(answer)
    value = provider.lifecycle.values.get(refusal.value or "") if refusal is not None else None
    names = {place.name for place in value.places if place.operation == sent.operation.id} if value is not None else set()
    media = sent.operation.body("application/json")
    if not isinstance(sent.body, Mapping) or not names & set(sent.body) or media is None or media.pointer is None:
        return None
    rest = {name: field for name, field in sent.body.items() if name not in names}
    return replace(sent, body=rest) if provider.schemas.validator(media.pointer).is_valid(rest) else None


def with_unknown_references(provider: Provider, base: RequestTemplate) -> Iterator[RequestTemplate]:
    """Yields the creation with an unknown name in the known form, for each field that names something of the provider."""
    for value in provider.lifecycle.values.values() if not base.parts else ():
        known = next(iter(_defaults(provider, value)), None)
        for place in value.places if value.names and known is not None else ():
            named = {place.name: of_same_form(known or "")}
            if place.operation == base.operation.id and place.location == "path":
                yield replace(base, path={**base.path, **named})
            elif place.operation == base.operation.id and place.location == "body":
                yield replace(base, body={**(base.body if isinstance(base.body, Mapping) else {}), **named})


def _possible(name: str, known: Mapping[str, ProbeValue]) -> str:
    near, every = did_you_mean(name, known), f"Possible: {', '.join(known) or 'nothing'}."
    return near if near.startswith("Possible") else f"{near} {every}"


def _values(provider: Provider) -> dict[str, ProbeValue]:
    lifecycle = provider.lifecycle
    if lifecycle.values:
        return dict(lifecycle.values)
    first = next((read for read in lifecycle.reads if read.status is not None), lifecycle.reads[0])
    used = [(lifecycle.create.operation, lifecycle.create.request), *((read.operation, read.request) for read in lifecycle.reads)]
    found = {}
    for location, name in _literals(first.request):
        places = [ValuePlace(operation, location, name) for operation, request in used if (location, name) in _literals(request)]
        found[name] = ProbeValue(name, f"the {location}'s '{name}'", tuple(dict.fromkeys(places)))
    return found


def _literals(request: LifecycleRequest) -> list[tuple[str, str]]:
    """Returns the places of the texts in a path and a body that are no placeholders."""
    body = request.body if isinstance(request.body, Mapping) else {}
    texts = [*(("path", *pair) for pair in request.path.items()), *(("body", *pair) for pair in body.items())]
    return [(location, name) for location, name, text in texts if isinstance(text, str) and "{" not in text]


def _defaults(provider: Provider, value: ProbeValue) -> list[str]:
    """Returns what the creation, the reads and the document's examples of valid requests hold at the value's places."""
    lifecycle = provider.lifecycle
    if value.part == LIFETIME:
        return [] if lifecycle.lifetime is None else [str(lifecycle.lifetime.seconds)]
    used = [(lifecycle.create.operation, lifecycle.create.request), *((read.operation, read.request) for read in lifecycle.reads)]
    found = []
    for place in value.places:
        operation = provider.document.operations[place.operation]
        for name, request in used:
            if name == place.operation:
                found += [text for location, text in _at(request, place) if location == place.location]
        for media in operation.bodies if place.location == "body" else ():
            found += [example.get(place.name) for example in media.examples.values() if isinstance(example, Mapping)]
    texts = [text for text in found if isinstance(text, str) and "{" not in text]
    return list(dict.fromkeys(filter(None, (urlsplit(text).netloc for text in texts) if value.part == HOST else texts)))


def _lifetime(lifetime: Lifetime | None, changes: list[tuple[ProbeValue, list[str], str]]) -> Lifetime | None:
    given = [text for value, _, text in changes if value.part == LIFETIME]
    return lifetime if lifetime is None or not given else replace(lifetime, seconds=int(given[0]))


def _at(request: LifecycleRequest, place: ValuePlace) -> Iterator[tuple[str, Any]]:
    yield "path", request.path.get(place.name)
    yield "body", request.body.get(place.name) if isinstance(request.body, Mapping) else None
    yield from (("form", part.get("value")) for part in request.multipart if part["name"] == place.name)


def _new(old: Any, value: ProbeValue, defaults: list[str], text: str) -> Any:
    if not isinstance(old, str):
        return old
    if value.part == HOST:
        parts = urlsplit(old)
        return parts._replace(netloc=text).geturl() if parts.netloc in defaults else old
    return text if old in defaults else old


def _replaced(
    request: LifecycleRequest, place: ValuePlace, value: ProbeValue, defaults: list[str], text: str
) -> LifecycleRequest:
    def new(node: Any) -> Any:
        if not isinstance(node, Mapping):
            return node
        return {key: _new(old, value, defaults, text) if key == place.name else old for key, old in node.items()}

    if place.location == "path":
        return replace(request, path=new(request.path))
    if place.location == "body":
        return replace(request, body=new(request.body))
    parts = (
        {**part, "value": _new(part.get("value"), value, defaults, text)} if part["name"] == place.name else part
        for part in request.multipart
    )
    return replace(request, multipart=tuple(parts))


def _added(request: LifecycleRequest, operation: str, value: ProbeValue, text: str) -> LifecycleRequest:
    """Returns the creation with the value, in place of one that it has."""
    for place in value.places:
        if place.operation == operation and place.location == "body" and isinstance(request.body or {}, Mapping):
            request = replace(request, body={**(request.body or {}), place.name: text}, has_body=True)
        if place.operation == operation and place.location == "form":
            rest = tuple(part for part in request.multipart if part["name"] != place.name)
            request = replace(request, multipart=(*rest, {"name": place.name, "value": text}))
    return request


def _document(document: Document, changes: list[tuple[ProbeValue, list[str], str]]) -> Document:
    """Returns the document with the values in its examples of request bodies."""
    raw = copy.deepcopy(dict(document.raw))
    changed = Document(raw, document.path)
    for value, defaults, text in changes:
        for place in value.places:
            operation = document.operations[place.operation]
            body = changed.resolve(raw["paths"][operation.path][operation.method].get("requestBody", {}))[0]
            for media in body.get("content", {}).values() if place.location == "body" else ():
                for example in media.get("examples", {}).values():
                    shown = changed.resolve(example)[0].get("value")
                    if isinstance(shown, dict) and place.name in shown:
                        shown[place.name] = _new(shown[place.name], value, defaults, text)
    return Document(raw, document.path)


def _fits(read: Read, values: Mapping[str, str]) -> bool:
    return not _differ(read.facts, values)


def _differ(facts: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    return any(facts.get(name, value) != value for name, value in values.items())

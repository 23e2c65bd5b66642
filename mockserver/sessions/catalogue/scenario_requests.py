"""The scenario requests: one for every scenario, every state along it, and every documented error."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from specimen.fixtures.primitives import ids
from specimen.fixtures.recipes.session_histories import secondary_id
from specimen.mockserver.errors import SpecError, did_you_mean
from specimen.mockserver.http.messages import encode
from specimen.mockserver.preferences.preferences import magic_value
from specimen.mockserver.sessions.catalogue.catalogue import ID_TIME, Catalogue, CataloguePosition
from specimen.specs import Provider
from specimen.specs.core.json_pointer import split
from specimen.specs.core.multipart import FORM_TYPE, from_entries, write
from specimen.specs.loading.lifecycle import LifecycleRequest, Read, Scenario, Setup
from specimen.specs.loading.serialization import path_text, query_text

VERSION = 1
_NOTHING: Mapping[str, Any] = {}
_PLACEHOLDER = re.compile(r"\{([a-z_]+)(?::([a-z0-9_]+)(?:@([A-Za-z_]+))?)?\}")


class ScenarioRequests:
    """The entries of one provider; the form of an entry is documented in docs/programs.md and stays."""

    def __init__(self, provider: Provider, catalogue: Catalogue) -> None:
        self.provider = provider
        self._catalogue = catalogue
        self._primary = next(iter(provider.lifecycle.ids))

    def entries(self) -> Iterator[dict[str, Any]]:
        """First the sessions, in the order of the scenarios, then the errors."""
        yield from self._sessions()
        yield from self._errors()

    def create_request(self, scenario: Scenario | None = None, more: Mapping[str, Any] = _NOTHING) -> dict[str, Any]:
        """The smallest request that makes a session, in the form of an entry's `setup`.

        Its path fits the scenario's facts, and `more` of them.
        """
        create = self.provider.lifecycle.create
        facts = {**({} if scenario is None else scenario.facts), **more}
        path = {name: str(facts.get(name, value)) for name, value in create.request.path.items()}
        return self._request(create.operation, replace(create.request, path=path), None, None)

    def create_in(self, scenario: Scenario) -> dict[str, Any]:
        """The create request that asks for a scenario: by a magic value in the vendor's free field, else by `Prefer`."""
        entry, magic = self.create_request(scenario), self.provider.lifecycle.magic
        value = magic_value(self.provider, scenario)
        if magic is None or value is None:
            return {**entry, "headers": {**entry["headers"], "Prefer": f"scenario={scenario.name}"}}
        keys = split(magic.pointer)
        return {**entry, "body": _with_value(entry["body"], keys, value)}

    def read_request(self, read: Read, ids: Mapping[str, str], facts: Mapping[str, Any]) -> dict[str, Any]:
        """The request that reads a session with these ids and facts, in the form of an entry's `setup`."""
        values = {**{name: str(value) for name, value in facts.items() if isinstance(value, str)}, **ids}

        def filled(value: Any) -> Any:
            if isinstance(value, str):
                return _PLACEHOLDER.sub(lambda match: values.get(match[0][1:-1], match[0]), value)
            if isinstance(value, Mapping):
                return {key: filled(item) for key, item in value.items()}
            return value

        request = read.request
        path = {name: str(facts.get(name, value)) for name, value in request.path.items()}
        request = replace(request, path=filled(path), query=filled(request.query), body=filled(request.body))
        wanted = facts.get("credential")
        name = wanted if isinstance(wanted, str) and wanted in self.provider.lifecycle.credentials else None
        return self._request(read.operation, request, name, None)

    def _sessions(self) -> Iterator[dict[str, Any]]:
        for session_id, place in self._catalogue.places():
            for read in self.provider.lifecycle.reads:
                if read.fits(place.scenario.facts):
                    request = self._request(read.operation, read.request, None, (session_id, place))
                    yield {
                        "provider": self.provider.name,
                        "scenario": place.scenario.name,
                        "status": place.state,
                        "example": None,
                        **request,
                        "expect_status": 200,
                        "setup": [],
                    }

    def _errors(self) -> Iterator[dict[str, Any]]:
        for case in self.provider.lifecycle.errors.values():
            yield {
                "provider": self.provider.name,
                "scenario": None,
                "status": None,
                "example": case.example,
                **self._request(case.operation, case.request, case.credential, None),
                "expect_status": case.status,
                "setup": [self._setup(step) for step in case.setup],
            }

    def _setup(self, step: Setup) -> dict[str, Any]:
        return self._request(step.operation, step.request, step.credential, None)

    def _request(
        self, operation_id: str, template: LifecycleRequest, credential: str | None, place: tuple[str, CataloguePosition] | None
    ) -> dict[str, Any]:
        operation = self.provider.document.operations[operation_id]
        path = path_text(operation.path, operation.parameters, self._filled(dict(template.path), place))
        query = query_text(operation.parameters, self._filled(dict(template.query), place))
        headers = {**self._credential(credential, place), **self._filled(dict(template.headers), place)}
        body: Any = None
        if template.multipart:
            body = {"$multipart": [self._filled(dict(part), place) for part in template.multipart]}
        elif template.raw is not None:
            body = {"$raw": template.raw}
            headers["Content-Type"] = template.content_type or "application/json"
        elif template.has_body:
            body = self._filled(template.body, place)
            headers["Content-Type"] = template.content_type or "application/json"
        return {
            "operation": operation_id,
            "method": operation.method.upper(),
            "path": self.provider.mount + path + (f"?{query}" if query else ""),
            "headers": headers,
            "body": body,
        }

    def _credential(self, name: str | None, place: tuple[str, CataloguePosition] | None) -> dict[str, str]:
        credentials = self.provider.lifecycle.credentials
        if name == "none":
            return {}
        if name is not None:
            return dict(credentials[name].headers)
        facts: Mapping[str, Any] = {} if place is None else place[1].scenario.facts
        wanted = facts.get("credential")
        if isinstance(wanted, str) and wanted in credentials:
            return dict(credentials[wanted].headers)
        return dict(next(entry.headers for entry in credentials.values() if entry.fails is None))

    def _filled(self, value: Any, place: tuple[str, CataloguePosition] | None) -> Any:
        if isinstance(value, str):
            return _PLACEHOLDER.sub(lambda match: self._value(match, place), value)
        if isinstance(value, Mapping):
            return {key: self._filled(item, place) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._filled(item, place) for item in value]
        return value

    def _value(self, match: re.Match[str], place: tuple[str, CataloguePosition] | None) -> str:
        name, scenario, state = match[1], match[2], match[3]
        lifecycle = self.provider.lifecycle
        where = str(self.provider.folder / "lifecycle.yaml")
        if name == "unknown":
            if scenario not in lifecycle.ids:
                raise SpecError(where, f"'{match[0]}': no such id. {did_you_mean(scenario, lifecycle.ids)}")
            return ids.make(lifecycle.ids[scenario], f"{self.provider.name}/unknown", ID_TIME)
        if scenario is None:
            if place is not None and name not in lifecycle.ids and name in place[1].scenario.facts:
                return str(place[1].scenario.facts[name])
            if place is None or name not in lifecycle.ids:
                return match[0]
            session_id = place[0]
        else:
            try:
                session_id = self._catalogue.id_of(scenario, state)
            except KeyError as error:
                possible = lifecycle.scenarios if scenario not in lifecycle.scenarios else lifecycle.states
                raise SpecError(where, f"'{match[0]}': {error} is unknown. {did_you_mean(error.args[0], possible)}") from None
        if name == self._primary:
            return session_id
        if name not in lifecycle.ids:
            raise SpecError(where, f"'{match[0]}': no such id. {did_you_mean(name, lifecycle.ids)}")
        return secondary_id(self.provider, name, session_id, ID_TIME)


def _with_value(body: Any, keys: tuple[str, ...], value: str) -> Any:
    """A body with a text at a path of keys; a form's part of that name is replaced or added."""
    if isinstance(body, Mapping) and "$multipart" in body:
        others = [part for part in body["$multipart"] if part["name"] != keys[-1]]
        return {"$multipart": [*others, {"name": keys[-1], "value": value}]}
    inner = body if isinstance(body, Mapping) else {}
    key, *further = keys
    return {**inner, key: _with_value(inner.get(key), tuple(further), value) if further else value}


def encoded_body(body: Any, boundary: str = "specimen-boundary") -> tuple[bytes, str]:
    """The bytes and the content type of an entry's `body`."""
    if body is None:
        return b"", ""
    if isinstance(body, Mapping) and "$raw" in body:
        return str(body["$raw"]).encode(), "application/json"
    if not (isinstance(body, Mapping) and "$multipart" in body):
        return encode(body), "application/json"
    return write(from_entries(body["$multipart"]), boundary), f"{FORM_TYPE}; boundary={boundary}"

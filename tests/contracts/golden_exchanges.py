"""Valid exchanges to break: made by the mock in process, or from golden files."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import httpx

from specimen.contracts.http.exchange import Exchange
from specimen.fixtures.primitives import times
from specimen.mockserver.app import App, build_app
from specimen.mockserver.sessions.catalogue.scenario_requests import encoded_body
from specimen.mockserver.settings import Pace, Settings
from specimen.specs import Provider
from tests import golden
from tests.mockserver.calling import ask
from tests.scenario_exchanges import as_request

NOW = times.parse("2026-03-19T10:31:30Z")
REMOVED = object()


class Stage:
    """The mock of one provider, its clock frozen; sessions stay as they are unless `pace` says otherwise."""

    def __init__(self, provider: Provider, pace: str = "manual") -> None:
        self.provider = provider
        self.app: App = build_app(Settings(providers=(provider.name,), now=NOW, freeze=True, pace=Pace.parse(pace)))

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        """The wishes table."""
        return list(self.app.mounted[self.provider.name].table.entries())

    def send(self, entry: Mapping[str, Any], **intent: Any) -> Exchange:
        """The exchange of a request in the form of the wishes table."""
        request = as_request(entry)
        answer = ask(self.app, request.method, str(request.url.raw_path, "ascii"), dict(request.headers), content=request.content)
        return exchange(self.provider, request, answer, self.app.clock.now(), intent)

    def ask(self, operation_id: str, *, query: Mapping[str, Any] | None = None, body: Any = None, **rest: Any) -> Exchange:
        """The exchange of a request put together from path parameters, a query, a body and further `headers`.

        `credential` names one of lifecycle.yaml (None: none), `intent` is what the sender knows.
        """
        operation = self.provider.document.operations[operation_id]
        path = operation.path
        for name, value in rest.get("path", {}).items():
            path = path.replace("{" + name + "}", quote(str(value), safe=""))
        credentials = self.provider.lifecycle.credentials
        credential = rest.get("credential", next(name for name, one in credentials.items() if one.fails is None))
        headers = dict(credentials[credential].headers) if credential is not None else {}
        if body is not None:
            headers["Content-Type"] = encoded_body(body)[1]
        entry = {
            "method": operation.method.upper(),
            "path": self.provider.mount + path + (f"?{urlencode(query)}" if query else ""),
            "headers": {**headers, **rest.get("headers", {})},
            "body": body,
        }
        return self.send(entry, **rest.get("intent", {}))

    def create(self, scenario: str | None = None, **headers: str) -> Exchange:
        """The smallest create request of lifecycle.yaml; a scenario is asked for by Prefer."""
        lifecycle = self.provider.lifecycle
        found = lifecycle.default if scenario is None else lifecycle.scenarios[scenario]
        entry = self.app.mounted[self.provider.name].table.create_request(found)
        named = lifecycle.credentials.get(found.facts.get("credential", ""))
        preferred = {} if scenario is None else {"Prefer": f"scenario={scenario}"}
        entry["headers"] = {**entry["headers"], **(named.headers if named else {}), **preferred, **headers}
        return self.send(entry)

    def read(self, scenario: str | None = None, state: str | None = None, operation: str | None = None) -> Exchange:
        """A read of a catalogue session: of the first scenario's in its last state unless named otherwise."""
        lifecycle = self.provider.lifecycle
        name = scenario or lifecycle.default.name
        wanted = state or lifecycle.scenarios[name].path[-1]
        for entry in self.entries:
            if (entry["scenario"], entry["status"]) == (name, wanted) and operation in (None, entry["operation"]):
                return self.send(entry)
        raise LookupError(f"{name}@{wanted}")

    def again(self, earlier: Exchange, **intent: Any) -> Exchange:
        """The same request once more."""
        request = httpx.Request(
            earlier.method,
            "http://127.0.0.1:8080" + self.provider.mount + earlier.path + (f"?{earlier.query}" if earlier.query else ""),
            headers=dict(earlier.request_headers),
            content=earlier.request_body or None,
        )
        answer = ask(self.app, request.method, str(request.url.raw_path, "ascii"), dict(request.headers), content=request.content)
        return exchange(self.provider, request, answer, self.app.clock.now(), intent)


def exchange(
    provider: Provider, request: httpx.Request, answer: httpx.Response, now: int, intent: Mapping[str, Any] | None = None
) -> Exchange:
    """What a client saw."""
    path, _, query = str(request.url.raw_path, "ascii").partition("?")
    return Exchange(
        provider=provider,
        method=request.method,
        path=path.removeprefix(provider.mount),
        query=query,
        request_headers=dict(request.headers),
        request_body=request.content,
        status=answer.status_code,
        response_headers=dict(answer.headers),
        response_body=answer.content,
        at=now,
        intent=intent or {},
    )


def changed(earlier: Exchange, values: Mapping[str, Any] | None = None, **rest: Any) -> Exchange:
    """An exchange whose answer has other values at JSON pointers (REMOVED: none), and other parts (`status`, `intent`, …)."""
    if values is not None:
        body = copy.deepcopy(earlier.response_json)
        for pointer, value in values.items():
            body = _put(body, pointer, value)
        rest["response_body"] = json.dumps(body).encode()
    return replace(earlier, **rest)


def without(earlier: Exchange, header: str) -> Exchange:
    """An exchange whose answer lacks a header, or whose request does where the answer has none of that name."""
    if header in earlier.response_headers:
        kept = {name: value for name, value in earlier.response_headers.items() if name != header}
        return replace(earlier, response_headers=kept)
    return replace(earlier, request_headers={name: value for name, value in earlier.request_headers.items() if name != header})


def _put(body: Any, pointer: str, value: Any) -> Any:
    *parents, last = pointer.split("/")[1:] or [None]
    if last is None:
        return value
    node = body
    for part in parents:
        node = node[int(part)] if isinstance(node, list) else node[part]
    if value is REMOVED:
        del node[int(last) if isinstance(node, list) else last]
    elif isinstance(node, list):
        node[int(last)] = value
    else:
        node[last] = value
    return body


class Mutant(NamedTuple):
    """A rule, what is broken, and how: the exchanges in order, of which the last one breaks it.

    `also` are rules that nothing can keep which breaks this one.
    """

    rule: str
    what: str
    make: Callable[[Stage], list[Exchange]]
    also: tuple[str, ...] = ()


def golden_lives(provider: Provider) -> Iterator[tuple[str, list[Exchange]]]:
    """Each golden file of a provider as reads: every state in the order of the lifecycle, each read twice."""
    stage = Stage(provider)
    for path in sorted((golden.FOLDER / provider.name).glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        found = []
        for step in content["steps"]:
            for _ in range(2):
                for operation, body in step["answers"].items():
                    valid = stage.read(content["scenario"], step["state"], operation)
                    request = _renamed(valid, stage, operation, body)
                    found.append(replace(request, response_body=json.dumps(body).encode(), at=NOW))
        yield content["scenario"], found


def _renamed(valid: Exchange, stage: Stage, operation: str, body: Any) -> Exchange:
    """The read's request, for the id that the golden answer shows: catalogue ids may be of another seed."""
    pointer = next(read.id for read in stage.provider.lifecycle.reads if read.operation == operation)
    if pointer is None:
        return valid
    old, new = (_at(one, pointer) for one in (valid.response_json, body))
    return replace(
        valid,
        path=valid.path.replace(quote(old, safe=""), quote(new, safe="")),
        request_body=valid.request_body.replace(old.encode(), new.encode()),
    )


def _at(value: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        value = value[part]
    return value

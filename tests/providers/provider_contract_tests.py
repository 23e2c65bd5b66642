"""What every provider must keep, built in or brought from outside; each promise gives the list of what breaks it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import httpx
import jsonschema_rs
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from specimen.mockserver.app import App
from specimen.specs import Operation, Provider
from specimen.specs.core.json_pointer import escape
from specimen.specs.loading.schemas import is_rule
from tests.providers.mutants import changed
from tests.scenario_exchanges import BASE_URL, as_request, in_process, send


class Exchange(NamedTuple):
    """An entry of the wishes table and the answer to it."""

    entry: Mapping[str, Any]
    response: httpx.Response

    @property
    def label(self) -> str:
        """What the entry asks for."""
        entry = self.entry
        return f"{entry['operation']} {entry['scenario'] or entry['example']}@{entry['status']}: {self.response.status_code}"


async def exchanges(app: App, provider: Provider) -> list[Exchange]:
    """Every entry of a provider, sent."""
    async with in_process(app) as client:
        return [Exchange(entry, await send(client, entry)) for entry in app.mounted[provider.name].table.entries()]


def expected_status(found: list[Exchange]) -> Iterator[str]:
    """Each entry is answered with the status that it announces."""
    for exchange in found:
        if exchange.response.status_code != exchange.entry["expect_status"]:
            yield f"{exchange.label}, expected {exchange.entry['expect_status']}: {exchange.response.text[:200]}"


def expected_state(provider: Provider, found: list[Exchange]) -> Iterator[str]:
    """Each session's answer shows the state that its entry announces, where the vendor's answer shows a status."""
    pointers = {read.operation: read.status for read in provider.lifecycle.reads}
    for exchange in found:
        pointer = pointers.get(exchange.entry["operation"])
        if exchange.entry["status"] is not None and pointer is not None:
            shown = at(exchange.response.json(), pointer)
            if shown != exchange.entry["status"]:
                yield f"{exchange.label} shows {shown}"


def every_status_code(provider: Provider, found: list[Exchange]) -> Iterator[str]:
    """Every status code that an operation documents is produced by some entry or by an entry's setup (a create)."""
    seen = {(exchange.entry["operation"], str(exchange.response.status_code)) for exchange in found}
    for operation in provider.document.operations.values():
        for status in operation.responses:
            if (operation.id, status) not in seen:
                yield f"{operation.id} {status} is documented and never produced"


def every_status_value(provider: Provider, found: list[Exchange]) -> Iterator[str]:
    """Every value of the status field is produced by some entry; the lifecycle and the document name the same ones."""
    seen = {exchange.entry["status"] for exchange in found}
    for state in provider.lifecycle.states:
        if state not in seen:
            yield f"state '{state}' is never produced"


def every_scenario(provider: Provider, found: list[Exchange]) -> Iterator[str]:
    """Every state along every scenario has its entry."""
    seen = {(exchange.entry["scenario"], exchange.entry["status"]) for exchange in found}
    for scenario in provider.lifecycle.scenarios.values():
        for state in scenario.path:
            if (scenario.name, state) not in seen:
                yield f"{scenario.name}@{state} has no entry"


def every_error_example(provider: Provider, found: list[Exchange]) -> Iterator[str]:
    """Every documented error example is the answer of some entry."""
    seen = {(exchange.entry["operation"], exchange.entry["example"]) for exchange in found}
    names = {name for _, name in seen}
    for operation in provider.document.operations.values():
        for name, status in operation.examples():
            if status >= 400 and (operation.id, name) not in seen and name not in names:
                yield f"{operation.id}: the error example '{name}' has no entry"


def valid_by_jsonschema(provider: Provider, found: list[Exchange]) -> Iterator[str]:
    """Each answer is documented, and validates under jsonschema-rs with the strict overlay."""
    for exchange in found:
        operation = provider.document.operations[exchange.entry["operation"]]
        response = operation.responses.get(str(exchange.response.status_code))
        if response is None:
            yield f"{exchange.label} is no documented answer"
            continue
        if not response.media:
            if exchange.response.content:
                yield f"{exchange.label} has a body where none is documented"
            continue
        media = response.content(exchange.response.headers.get("content-type", ""))
        if media is None:
            yield f"{exchange.label} has content type {exchange.response.headers.get('content-type')}"
        elif media.pointer is not None:
            for error in provider.strict_schemas.validator(media.pointer).iter_errors(exchange.response.json()):
                yield f"{exchange.label}: {list(error.instance_path)} {error.message}"


def valid_by_openapi_core(provider: Provider, found: list[Exchange]) -> Iterator[str]:
    """Each answer validates under openapi-core."""
    openapi = second_opinion(provider)
    for exchange in found:
        response = exchange.response
        content_type = response.headers.get("content-type", "").partition(";")[0]
        if content_type == "text/event-stream":
            continue  # openapi-core reads a body as one JSON value or text; the stream's events are judged one by one elsewhere
        request = as_request(exchange.entry)
        operation = provider.document.operations[exchange.entry["operation"]]
        mock_request = MockRequest(
            BASE_URL,
            operation.method,
            request.url.path,
            path_pattern=provider.mount + operation.path,
            headers=dict(request.headers),
            data=request.content,
            content_type=request.headers.get("content-type", "application/json"),
        )
        mock_response = MockResponse(
            response.content, response.status_code, dict(response.headers), content_type or "application/json"
        )
        for error in openapi.iter_response_errors(mock_request, mock_response):
            if response.content:
                causes = [getattr(cause, "message", str(cause)) for cause in getattr(error.__cause__, "schema_errors", [error])]
                yield f"{exchange.label}: {'; '.join(causes)[:300]}"


@cache
def second_opinion(provider: Provider) -> OpenAPI:
    """The provider's document under openapi-core, served where the mock serves it."""
    document = provider.document.served(BASE_URL + provider.mount)
    document["servers"] = document["servers"][:1]
    return OpenAPI.from_dict(document)


class NamedExample(NamedTuple):
    """An Example Object of a parameter or a body, and the place of the schema beside it."""

    operation: Operation
    name: str
    schema: str
    content: Mapping[str, Any]

    @property
    def label(self) -> str:
        """Where it stands."""
        return f"{self.operation.id} {self.schema.removesuffix('/schema')} example '{self.name}'"


def named_examples(provider: Provider) -> Iterator[NamedExample]:
    """Every named example that has a schema, operation by operation; a shared one comes once for each operation."""
    document = provider.document
    for operation in document.operations.values():
        medias = [*operation.bodies, *(media for response in operation.responses.values() for media in response.media)]
        for pointer in [*(parameter.pointer for parameter in operation.parameters), *(media.pointer for media in medias)]:
            if pointer is not None:
                for name, node in document.at(pointer.removesuffix("/schema")).get("examples", {}).items():
                    yield NamedExample(operation, name, pointer, document.resolve(node)[0])


def valid_examples(provider: Provider) -> Iterator[str]:
    """Each named example validates against the schema beside it, as the contract has it and with the strict overlay."""
    for example in named_examples(provider):
        for schemas in (provider.schemas, provider.strict_schemas):
            for error in schemas.validator(example.schema).iter_errors(example.content["value"]):
                yield f"{example.label}: {list(error.instance_path)} {error.message}"


def vendor_examples(provider: Provider) -> Iterator[str]:
    """The vendor's own examples say where they come from, and each documented operation has one or says why it has none."""
    examples = list(named_examples(provider))
    documented = [operation for operation in provider.document.operations.values() if operation.mark == "D"]
    pages = {operation.source.partition(",")[0] for operation in documented}
    vendors = [example for example in examples if "x-vendor-example" in example.content]
    if not vendors:
        yield "no example is the vendor's own"
    for example in vendors:
        if example.content["x-vendor-example"].partition(",")[0] not in pages:
            yield f"{example.label}: '{example.content['x-vendor-example']}' is none of the pages {sorted(pages)}"
    # What a shared parameter shows is of no one operation.
    shown = {example.operation.id for example in vendors if not example.schema.startswith("/components/parameters/")}
    for operation in documented:
        excuse = provider.document.raw["paths"][operation.path][operation.method].get("x-no-vendor-example")
        if (operation.id in shown) == bool(excuse):
            yield f"{operation.id}: expected either an example of the vendor's or x-no-vendor-example with the reason"
    reached = {id(example.content) for example in examples}
    for node in objects(provider.document.raw):
        if {"x-vendor-example", "x-contradictions"} & node.keys() and id(node) not in reached:
            yield f"no operation shows the example {dict(node)}"


def listed_contradictions(provider: Provider) -> Iterator[str]:
    """Where a vendor's example was changed, the vendor's value put back breaks the contract there and nowhere else."""
    for example in named_examples(provider):
        for entry in example.content.get("x-contradictions", ()):
            where = f"{example.label}, {entry['pointer']!r}"
            if entry.keys() != {"pointer", "vendor", "says"} or "x-vendor-example" not in example.content:
                yield f"{where}: expected pointer, vendor and says, on an example of the vendor's"
            if ("..." in str(entry["vendor"])) != ("abbreviated" in entry["says"]) and "<" not in str(entry["vendor"]):
                yield f"{where}: says that {entry['vendor']!r} is abbreviated, or does not say so"
            vendors = changed(example.content["value"], ("set", entry["pointer"], entry["vendor"]))
            errors = list(provider.schemas.validator(example.schema).iter_errors(vendors))
            if not errors:
                yield f"{where}: the vendor's {entry['vendor']!r} is valid"
            for error in errors:
                if not is_only_at(error, entry["pointer"]):
                    yield f"{where}: the vendor's value breaks {list(error.instance_path)}: {error.message[:200]}"


def is_only_at(error: jsonschema_rs.ValidationError, pointer: str) -> bool:
    """Whether one place is all that an error complains of; of a union, all that one of its branches complains of."""
    branches = getattr(error.kind, "context", None)
    if branches is not None:
        return any(all(is_only_at(inner, pointer) for inner in branch) for branch in branches)
    return "".join(f"/{escape(str(part))}" for part in error.instance_path) == pointer


def objects(node: Any) -> Iterator[Mapping[str, Any]]:
    """Every object in a JSON value."""
    if isinstance(node, Mapping):
        yield node
    for value in node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ():
        yield from objects(value)


def no_accepted_credential(provider: Provider) -> Iterator[str]:
    """No example in the document shows a credential that the mock accepts."""
    text = json.dumps(provider.document.raw, ensure_ascii=False)
    for credential in provider.lifecycle.credentials.values():
        for value in credential.headers.values():
            secret = value.partition(" ")[2] or value
            if credential.fails is None and secret in text:
                yield f"the document shows the accepted credential '{credential.name}'"


def rule_titles(provider: Provider) -> Iterator[str]:
    """Rules have ids of their own, one sentence and a source, and stand where an error's path shows them."""
    seen: dict[str, str] = {}

    def walk(node: Any, path: tuple[str, ...]) -> Iterator[str]:
        if isinstance(node, list):
            for index, item in enumerate(node):
                yield from walk(item, (*path, str(index)))
        elif isinstance(node, Mapping):
            if is_rule(node) and "examples" not in path:
                title = node["title"]
                other = seen.setdefault(title[:7], title)
                if other != title:
                    yield f"two rules are called {title[:7]}: '{other}' and '{title}'"
                if "x-source" not in node and "x-reason" not in node:
                    yield f"{title}: neither x-source nor x-reason"
                if "allOf" not in path or {"oneOf", "anyOf"} & set(path):
                    yield f"{title}: expected under allOf, and in no branch of oneOf or anyOf"
            for key, value in node.items():
                yield from walk(value, (*path, key))

    yield from walk(provider.document.raw, ())


def at(value: Any, pointer: str) -> Any:
    """The value at a JSON pointer."""
    for part in pointer.split("/")[1:]:
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value

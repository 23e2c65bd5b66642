"""The vendor's document made for use: its examples are requests that the mock answers, its credentials those that work."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from specimen.mockserver.preferences.preferences import magic_value
from specimen.mockserver.sessions.catalogue.catalogue import Catalogue
from specimen.mockserver.sessions.catalogue.scenario_requests import ScenarioRequests
from specimen.specs import Provider
from specimen.specs.core.multipart import FORM_TYPE
from specimen.specs.loading.lifecycle import Credential
from specimen.specs.loading.openapi import METHODS, Document, Operation

Examples = dict[str, tuple[str, dict[str, Any]]]
_PREFER = "prefer"


def usable(provider: Provider) -> dict[str, Any]:
    """A copy of the provider's document for people and tools that send what its examples show.

    Parameters and request bodies have examples that are answered as documented, with a session of the catalogue for each
    scenario; each parameter stands once, at its operation; security schemes name the credentials.
    """
    return _UsableDocument(provider).made()


def working_credentials(provider: Provider) -> dict[str, str]:
    """By security scheme what a form such as Swagger UI's takes: the value of the key, or the token behind `Bearer`."""
    schemes = provider.document.raw.get("components", {}).get("securitySchemes", {})
    working = next(entry for entry in provider.lifecycle.credentials.values() if entry.fails is None)
    found = {name: _secret(scheme, working) for name, scheme in schemes.items()}
    return {name: value for name, value in found.items() if value is not None}


def _secret(scheme: Mapping[str, Any], credential: Credential) -> str | None:
    """What a credential has for a security scheme; None where it has nothing that could be typed."""
    headers = {name.lower(): value for name, value in credential.headers.items()}
    if scheme.get("type") == "apiKey" and scheme.get("in") == "header":
        return headers.get(str(scheme["name"]).lower())
    if scheme.get("type") == "http" and str(scheme.get("scheme", "")).lower() == "bearer":
        kind, _, token = headers.get("authorization", "").partition(" ")
        return token if kind.lower() == "bearer" else None
    return None


class _UsableDocument:
    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.lifecycle = provider.lifecycle
        self.document: Document = provider.document
        self.sessions = Catalogue(provider, 0)  # no id depends on the seed
        self.table = ScenarioRequests(provider, self.sessions)
        self.entries = list(self.table.entries())
        self.working = next(entry.headers for entry in self.lifecycle.credentials.values() if entry.fails is None)

    def made(self) -> dict[str, Any]:
        found: dict[str, Any] = copy.deepcopy(dict(self.document.raw))
        for operation in self.document.operations.values():
            item = found["paths"][operation.path]
            item[operation.method] = self._operation(operation, item)
            self._fill_form(operation, found)
        for path, item in found["paths"].items():
            found["paths"][path] = {key: value for key, value in item.items() if key != "parameters" or not _operations(item)}
        schemes = found.get("components", {}).get("securitySchemes", {})
        for name, scheme in schemes.items():
            schemes[name] = {**scheme, "description": self._described(scheme)}
        return found

    def _operation(self, operation: Operation, item: Mapping[str, Any]) -> dict[str, Any]:
        node = dict(item[operation.method])
        examples = self._examples(operation)
        parameters = [self._parameter(operation, entry.pointer, examples) for entry in operation.parameters]
        if parameters:
            node["parameters"] = parameters
        if "requestBody" in node:
            node["requestBody"] = self._body(operation, node["requestBody"], examples)
        return node

    def _parameter(self, operation: Operation, pointer: str, examples: Examples) -> dict[str, Any]:
        """The parameter with an example for each request that differs from the first one in this parameter alone."""
        node = self.document.at(pointer.removesuffix("/schema"))
        found = {key: copy.deepcopy(value) for key, value in node.items() if key not in ("example", "examples")}
        key = (node["in"], node["name"].lower() if node["in"] == "header" else node["name"])
        values = {name: (summary, self._values(operation, entry)) for name, (summary, entry) in examples.items()}
        first = next(iter(values.values()), ("", {}))[1]
        if key not in first:
            return found
        alike = {
            name: {"summary": summary, "value": _typed(one[key], self._type(node))}
            for name, (summary, one) in values.items()
            if key in one and all(one.get(other) == first.get(other) for other in {*one, *first} - {key})
        }
        value = next(iter(alike.values()))["value"]
        return {**found, **({"examples": alike} if any(one["value"] != value for one in alike.values()) else {"example": value})}

    def _body(self, operation: Operation, node: Any, examples: Examples) -> dict[str, Any]:
        found: dict[str, Any] = copy.deepcopy(dict(self.document.resolve(node)[0]))
        for content_type, media in found.get("content", {}).items():
            mine = {
                name: {"summary": summary, "value": entry["body"]}
                for name, (summary, entry) in examples.items()
                if entry["body"] is not None and "$multipart" not in entry["body"] and "json" in content_type
            }
            if mine and (self._reads(operation) or not media.get("examples")):
                media["examples"] = mine
            elif mine:
                media["examples"] |= {name: one for name, one in mine.items() if name in self.lifecycle.scenarios}
        return found

    def _fill_form(self, operation: Operation, document: dict[str, Any]) -> None:
        """Examples of a creation's form fields: forms are filled from their schema, with synthetic values where it has none.

        An id is that of a session that can still go on; the free field asks for the happy path.
        """
        media = operation.body(FORM_TYPE)
        if media is None or media.pointer is None or operation.id != self.lifecycle.create.operation:
            return
        good = self.lifecycle.default
        values: dict[str, str | None] = {
            self.lifecycle.create.session.rpartition("/")[2]: self.sessions.id_of(good.name, self.lifecycle.initial)
        }
        if self.lifecycle.magic is not None:
            values[self.lifecycle.magic.pointer.rpartition("/")[2]] = magic_value(self.provider, good)
        _, pointer = self.document.resolve(self.document.at(media.pointer), media.pointer)
        properties = Document(document, self.document.path).at(pointer)["properties"]
        for name in values.keys() & properties.keys():
            properties[name] = {**properties[name], "examples": [values[name]]}

    def _examples(self, operation: Operation) -> Examples:
        """Requests for the operation that are answered with success, each with what it shows; the best one first."""
        if self._reads(operation):
            return dict(self._sessions(operation))
        if operation.id == self.lifecycle.create.operation:
            return dict(self._creations())
        found = [
            (entry["example"], entry)
            for entry in self.entries
            if entry["operation"] == operation.id and entry["expect_status"] < 300 and not entry["setup"]
        ]
        # Without the header that asks for an example: nothing in the document could carry it.
        found.sort(key=lambda one: _PREFER in map(str.lower, one[1]["headers"]))
        return {name: ("", entry) for name, entry in found[:1]}

    def _reads(self, operation: Operation) -> bool:
        return any(read.operation == operation.id for read in self.lifecycle.reads)

    def _sessions(self, operation: Operation) -> Iterator[tuple[str, tuple[str, dict[str, Any]]]]:
        """The catalogue's sessions: of each scenario at its end, then of the happy path on its way."""
        good = self.lifecycle.default
        ends, ways = [], []
        for entry in self.entries:
            if entry["operation"] != operation.id or entry["scenario"] is None or not self._works(entry):
                continue
            scenario = self.lifecycle.scenarios[entry["scenario"]]
            if entry["status"] == scenario.path[-1]:
                ends.append((scenario.name, (f"{entry['status']}: {scenario.summary}", entry)))
            elif scenario is good:
                name = f"{scenario.name}.{entry['status']}"
                ways.append((name, (f"{entry['status']}, on the way to {scenario.path[-1]}", entry)))
        ends.sort(key=lambda one: one[0] != good.name)
        yield from (*ends, *ways)

    def _works(self, entry: Mapping[str, Any]) -> bool:
        return all(entry["headers"].get(name) == value for name, value in self.working.items())

    def _creations(self) -> Iterator[tuple[str, tuple[str, dict[str, Any]]]]:
        """The smallest create request, and one for each scenario that the vendor's free field can ask for."""
        first = self.table.create_request(self.lifecycle.default)
        yield "smallest", ("The smallest request", first)
        for scenario in self.lifecycle.scenarios.values():
            asked = self.table.create_in(scenario)
            if asked["headers"] == first["headers"] and asked["path"] == first["path"]:
                yield scenario.name, (f"To be {scenario.path[-1]}: {scenario.summary}", asked)

    def _values(self, operation: Operation, entry: Mapping[str, Any]) -> dict[tuple[str, str], str]:
        """The parameters of an entry's request, by place and name."""
        path, _, query = entry["path"].removeprefix(self.provider.mount).partition("?")
        pieces = re.split(r"\{([^}]+)\}", operation.path)
        pattern = "([^/]+)".join(re.escape(piece) for piece in pieces[::2])
        match = re.fullmatch(pattern, path)
        values = zip(pieces[1::2], () if match is None else match.groups(), strict=match is not None)
        found = {("path", name): unquote(value) for name, value in values}
        found |= {("query", name): value for name, value in parse_qsl(query)}
        return found | {("header", name.lower()): value for name, value in entry["headers"].items()}

    def _type(self, parameter: Mapping[str, Any]) -> Any:
        return self.document.resolve(parameter.get("schema", {}))[0].get("type")

    def _described(self, scheme: Mapping[str, Any]) -> str:
        """What the document says of a scheme, then the mock's credentials, that of the examples first."""
        lines: list[str] = []
        for entry in self.lifecycle.credentials.values():
            secret = _secret(scheme, entry)
            if secret is not None:
                is_first = not lines and entry.fails is None
                use = "works for all examples" if is_first else entry.name.replace("_", " ")
                lines.append(f"- `{secret}`: {use}" + ("" if entry.fails is None else f", is answered `{entry.fails}`"))
        said = [scheme["description"].rstrip()] if "description" in scheme else []
        return "\n\n".join([*said, *(["Credentials of this sandbox:", "\n".join(lines)] if lines else [])])


def _operations(item: Mapping[str, Any]) -> list[str]:
    return [method for method in METHODS if method in item]


def _typed(value: str, kind: Any) -> Any:
    return int(value) if kind == "integer" and value.lstrip("-").isdigit() else value

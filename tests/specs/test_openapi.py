"""Operations, parameters, bodies and examples as they are read from a document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from specimen import specs
from specimen.specs.core.errors import SpecError
from specimen.specs.core.json_pointer import escape
from specimen.specs.loading.openapi import Document, mark_of
from tests.lint_specs import keywords
from tests.mockserver import dummy_provider


def _parameter(name: str, place: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": {"type": kind}, **more}


def _document(item: dict[str, Any], **components: Any) -> Document:
    return Document({"openapi": "3.1.0", "paths": {"/a/{id}": item}, "components": components}, Path("openapi.yaml"))


def test_parameters__path_item_and_operation_merge() -> None:
    """The path item's parameters count for each operation; the operation's replace those of the same name and place."""
    document = _document(
        {
            "parameters": [
                _parameter("id", "path", "string"),
                _parameter("limit", "query", "integer"),
                _parameter("X-Trace", "header", "string"),
            ],
            "get": {
                "operationId": "a",
                "parameters": [
                    _parameter("limit", "query", "string"),
                    _parameter("limit", "header", "boolean"),
                    _parameter("x-trace", "header", "integer"),
                ],
            },
            "post": {"operationId": "b"},
        }
    )
    found = [(entry.name, entry.location, entry.schema["type"]) for entry in document.operations["a"].parameters]
    assert found == [
        ("id", "path", "string"),
        ("limit", "query", "string"),
        ("x-trace", "header", "integer"),
        ("limit", "header", "boolean"),
    ]
    assert [entry.schema["type"] for entry in document.operations["b"].parameters] == ["string", "integer", "string"]
    for operation in document.operations.values():
        for parameter in operation.parameters:
            assert document.resolve(document.at(parameter.pointer))[0] == parameter.schema


def test_parameters__by_reference() -> None:
    """A parameter behind a reference is read where it stands."""
    document = _document(
        {"get": {"operationId": "a", "parameters": [{"$ref": "#/components/parameters/Id"}]}},
        parameters={"Id": {"name": "id", "in": "path", "required": True, "schema": {"$ref": "#/components/schemas/Id"}}},
        schemas={"Id": {"type": "string", "format": "uuid"}},
    )
    (parameter,) = document.operations["a"].parameters
    assert (parameter.name, parameter.required, parameter.schema["format"]) == ("id", True, "uuid")
    assert parameter.pointer == "/components/parameters/Id/schema"


def test_examples__named_in_order() -> None:
    """Named examples are found by name, by reference too, with their status and content type."""
    document = _document(
        {
            "get": {
                "operationId": "a",
                "responses": {
                    "200": {
                        "content": {"application/json": {"examples": {"one": {"value": {"n": 1}}, "two": {"value": {"n": 2}}}}}
                    },
                    "404": {"$ref": "#/components/responses/Gone"},
                },
            }
        },
        responses={"Gone": {"content": {"text/plain": {"examples": {"gone": {"$ref": "#/components/examples/Gone"}}}}}},
        examples={"Gone": {"value": "gone"}},
    )
    operation = document.operations["a"]
    assert list(operation.examples()) == [("one", 200), ("two", 200), ("gone", 404)]
    assert operation.example("two") == (200, "application/json", {"n": 2})
    assert operation.example("gone") == (404, "text/plain", "gone")
    assert operation.example("three") is None


@pytest.mark.parametrize(
    ("url", "base_path"),
    [
        ("https://api.example.com/v1", "/v1"),
        ("https://api.example.com/v1/", "/v1"),
        ("https://api.example.com", ""),
        ("https://api.example.com/", ""),
        ("/", ""),
        ("/v2", "/v2"),
        ("/a/b/", "/a/b"),
    ],
)
def test_base_path__of_the_first_server(url: str, base_path: str) -> None:
    """The base path is the path of the first server, without a slash at its end."""
    assert Document({"openapi": "3.1.0", "servers": [{"url": url}, {"url": "/x"}]}, Path("a")).base_path == base_path


def test_base_path__no_server() -> None:
    """A document without servers is served at its mount."""
    assert Document({"openapi": "3.1.0"}, Path("a")).base_path == ""


def test_served__first_server_is_the_mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The served copy names the mount first, keeps the vendor's server, and leaves the original as it was."""
    provider = dummy_provider.load(monkeypatch, tmp_path)
    served = provider.document.served("/atlas/v3")
    assert [server["url"] for server in served["servers"]] == ["/atlas/v3", "https://api.atlas.example/v3"]
    assert len(provider.document.raw["servers"]) == 1
    served["paths"].clear()
    assert provider.document.raw["paths"]


def test_at__escaped_keys() -> None:
    """JSON pointers with `/` and `~` in a key, and indexes of lists, lead to their values."""
    document = Document({"openapi": "3.1.0", "a/b~c": [{"d": 1}]}, Path("openapi.yaml"))
    assert document.at(f"/{escape('a/b~c')}/0/d") == 1
    for pointer in ("/a", "/a~1b~0c/1", "/a~1b~0c/x", "/openapi/0"):
        with pytest.raises(SpecError, match="there is no"):
            document.at(pointer)


def test_component__none_where_the_document_has_none() -> None:
    """A catch-all answer that the document does not describe is None."""
    assert Document({"openapi": "3.1.0"}, Path("a")).component("route_not_found") is None


def test_mark__of_a_node() -> None:
    """A node without a mark is documented."""
    marks = [mark_of({}), mark_of({"x-provenance": "public"}), mark_of({"x-provenance": "assumed"})]
    assert marks == ["D", "P", "A"]


@pytest.mark.parametrize("name", specs.names())
def test_examples__unique_names_per_operation(name: str) -> None:
    """No operation has two response examples of one name: `Prefer: example=` would not know which."""
    for operation in specs.load(name).document.operations.values():
        found = [example for example, _ in operation.examples()]
        assert len(found) == len(set(found)), operation.id


@pytest.mark.parametrize("name", specs.names())
def test_catch_alls__every_provider_has_them(name: str) -> None:
    """Each provider says in its own form what a wrong path, method, size, time and content type get."""
    document = specs.load(name).document
    for kind, status in (
        ("route_not_found", 404),
        ("method_not_allowed", 405),
        ("request_timeout", 408),
        ("content_too_large", 413),
        ("unsupported_media_type", 415),
    ):
        found = document.component(kind)
        assert found is not None, kind
        assert found[0] == status


@pytest.mark.parametrize(
    ("document", "reported"),
    [
        ({"x-sourec": "a page"}, "x-sourec: nothing knows this keyword. Did you mean 'x-source'?"),
        ({"responses": {"403": {"x-account-dependent": True}}}, None),
        ({"examples": {"frozen": {"x-account-dependent": True, "value": {"x-any": 1}}}}, None),
        ({"schemas": {"A": {"x-account-dependent": True}}}, "stands on an answer, or on an example of one"),
        ({"properties": {"x-any": {"type": "string"}}}, None),
    ],
)
def test_lint__knows_every_keyword(document: dict[str, Any], reported: str | None) -> None:
    """A keyword that nothing reads is a slip, and would be ignored in silence."""
    found = list(keywords(document))
    if reported is None:
        assert found == []
    else:
        assert len(found) == 1
        assert reported in found[0]


def test_can_stream__is_said_by_the_answers() -> None:
    """One answer of the type of server-sent events is enough."""
    streams = {"200": {"content": {"application/json": {}, "text/event-stream": {}}}}
    document = _document({"get": {"operationId": "a", "responses": streams}, "post": {"operationId": "b", "responses": {}}})
    assert [document.operations[name].can_stream for name in "ab"] == [True, False]

"""The documents that the mock serves: what their examples show is answered with success, for people and for generators."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from specimen import specs
from specimen.cli import app as command_line
from specimen.mockserver.app import App
from specimen.mockserver.http.server import running
from specimen.mockserver.sessions.catalogue.client_document import for_clients
from specimen.mockserver.sessions.catalogue.usable_document import usable, working_credentials
from specimen.specs.loading.openapi import Document
from specimen.specs.loading.schemas import Schemas
from tests.mockserver.calling import ask, ask_entry, frozen_app
from tests.mockserver.served_requests import METHODS, described

NAMES = specs.names()
GENERATOR = {"User-Agent": "Apache-HttpClient/Swagger"}
TEXT = {"type": "string"}
CONSTRAINTS = {"if", "then", "else", "not", "patternProperties", "propertyNames", "contains", "dependentSchemas"}


@pytest.fixture(scope="module")
def app() -> App:
    """All providers under a still clock."""
    return frozen_app()


def shown_credentials(page: str) -> dict[str, str]:
    """The credentials with which the docs page fills Swagger UI's form."""
    found: dict[str, str] = json.loads(unescape(re.findall(r'data-credentials="([^"]*)"', page)[0]))
    return found


# -- for use ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_examples__are_answered_as_documented(name: str) -> None:
    """Every example succeeds with the shown credential; in a part whose objects come first it may be their documented 404."""
    app = frozen_app()
    document = ask(app, "GET", f"/{name}/openapi.json").json()
    requests = list(described(document, shown_credentials(ask(app, "GET", f"/{name}/ui/").text)))
    wrong = []
    for one in requests:
        answer = ask(app, one.method, one.path, one.headers, content=one.content)
        is_success = answer.status_code < 300 or (one.part is not None and answer.status_code == 404)
        if not is_success or answer.status_code not in one.statuses:
            wrong.append(f"{one.operation} {one.example}: {answer.status_code} {answer.text[:200]}")
    assert wrong == []
    assert {one.operation for one in requests} == set(specs.load(name).document.operations)


@pytest.mark.parametrize("name", NAMES)
def test_examples__reach_every_scenario_of_the_working_credential(name: str) -> None:
    """What reads a session has an example of each scenario's end; the first is the happy path's."""
    provider = specs.load(name)
    document = usable(provider)
    read = provider.lifecycle.reads[0]
    operation = provider.document.operations[read.operation]
    node = document["paths"][operation.path][operation.method]
    places = [*node.get("parameters", []), *node.get("requestBody", {}).get("content", {}).values()]
    examples = next(place["examples"] for place in places if len(place.get("examples", {})) > 1)
    assert next(iter(examples)) == provider.lifecycle.default.name
    fitting = {
        one.name for one in provider.lifecycle.scenarios.values() if read.fits(one.facts) and "credential" not in one.facts
    }
    assert fitting <= set(examples)


@pytest.mark.parametrize("name", NAMES)
def test_parameters__stand_once(name: str) -> None:
    """No parameter is stated at a path and at its operation, and none is what a security scheme states."""
    document = usable(specs.load(name))
    schemes = document["components"]["securitySchemes"].values()
    secret = {"authorization", *(scheme["name"].lower() for scheme in schemes if scheme["type"] == "apiKey")}
    for path, item in document["paths"].items():
        assert "parameters" not in item, path
        for method in filter(item.__contains__, METHODS):
            keys = [(one["in"], one["name"].lower()) for one in item[method].get("parameters", [])]
            assert len(keys) == len(set(keys)), (path, method)
            assert not any(place == "header" and header in secret for place, header in keys), (path, method)


def test_document__says_which_credentials_there_are(app: App) -> None:
    """The one of the examples comes first; those that are refused say with what."""
    description = ask(app, "GET", "/kayle/openapi.json").json()["components"]["securitySchemes"]["bearerAuth"]["description"]
    lines = [line for line in description.splitlines() if line.startswith("- ")]
    assert lines[0] == "- `kk_live_specimen`: works for all examples"
    assert "- `kk_live_revoked`: revoked, is answered `unauthorized`" in lines
    assert "- `kk_live_read_only`: read only" in lines


def test_document__is_the_vendors_but_for_its_examples(app: App) -> None:
    """Answers, schemas and descriptions are as they were, and the loaded document stays as it was."""
    before = json.dumps(specs.load("kayle").document.raw)
    served = ask(app, "GET", "/kayle/openapi.json").json()
    raw = json.loads(json.dumps(specs.load("kayle").document.raw))
    assert json.dumps(specs.load("kayle").document.raw) == before
    assert served["components"]["schemas"] == raw["components"]["schemas"]
    assert served["paths"]["/v1/sessions/{id}"]["get"]["responses"] == raw["paths"]["/v1/sessions/{id}"]["get"]["responses"]
    assert served["info"] == {**raw["info"], "x-specimen-for": "contract"}


@pytest.mark.parametrize("name", NAMES)
def test_server__is_absolute_on_a_port(name: str) -> None:
    """In process the mount comes first; on a port the whole URL by which the document was fetched."""
    app = frozen_app(name, "kayle") if name != "kayle" else frozen_app(name, "kyve")
    mount = specs.load(name).mount
    assert ask(app, "GET", f"/{name}/openapi.json").json()["servers"][0]["url"] == mount
    with running(app) as url, httpx.Client(trust_env=False) as client:
        first = client.get(f"{url}/{name}/openapi.json").json()["servers"]
        assert first[0]["url"] == url + mount
        assert [one["url"] for one in first[1:]] == [one["url"] for one in specs.load(name).document.raw.get("servers", [])]
        other = client.get(f"{url}/{name}/openapi.yaml", headers={"Host": "sandbox.test:81"})
        assert yaml.safe_load(other.text)["servers"][0]["url"] == f"http://sandbox.test:81{mount}"
        if name == "kayle":
            assert client.get(f"{url}/_specimen/v1/openapi.json").json()["servers"][0]["url"] == f"{url}/_specimen/v1"


# -- for generators -----------------------------------------------------------------------------------------------


def schemas(node: Any, *, inside: bool = False) -> Iterator[dict[str, Any]]:
    """Every schema of a document."""
    if isinstance(node, list):
        for entry in node:
            yield from schemas(entry, inside=inside)
    elif isinstance(node, dict):
        if inside:
            yield node
        for key, value in node.items():
            if (key in ("properties", "$defs") and inside) or (key == "schemas" and not inside):
                yield from schemas(list(value.values()), inside=True)
            elif key not in ("value", "example", "examples", "const", "default", "enum"):
                yield from schemas(value, inside=inside or key == "schema")


@pytest.mark.parametrize("name", NAMES)
def test_clients__have_no_rule_in_their_types(name: str, app: App) -> None:
    """No schema has a rule's sentence as its title, a rule between fields or a pattern of names; names and fields stay."""
    whole = ask(app, "GET", f"/{name}/openapi.json").json()
    clients = ask(app, "GET", f"/{name}/openapi.json?for=clients").json()
    found = list(schemas(clients))
    assert len(found) > 50
    for schema in found:
        assert re.match(r"[A-Z]+-\d", schema.get("title", "")) is None
        assert not CONSTRAINTS & schema.keys(), schema
    assert set(clients["components"]["schemas"]) == set(whole["components"]["schemas"])
    for kept, schema in clients["components"]["schemas"].items():
        assert schema.get("properties", {}).keys() == whole["components"]["schemas"][kept].get("properties", {}).keys()
    assert ids(clients) == ids(whole)
    assert '"operationId"' not in json.dumps([one.get("links") for one in clients["components"].get("responses", {}).values()])


def ids(document: dict[str, Any]) -> list[tuple[str, list[str], list[str]]]:
    """Operations with their parameters and statuses."""
    return [
        (node["operationId"], [one["name"] for one in node.get("parameters", [])], list(node["responses"]))
        for item in document["paths"].values()
        for method, node in item.items()
        if method in METHODS
    ]


@pytest.mark.parametrize("name", NAMES)
def test_clients__accept_what_the_mock_answers(name: str, app: App) -> None:
    """Every answer of the catalogue is valid by the schemas for generators."""
    provider = specs.load(name)
    document = Document(for_clients(provider.document.raw), provider.document.path)
    validators = Schemas(document)
    count = 0
    for entry in app.mounted[name].table.entries():
        if entry["scenario"] is not None:
            answer = ask_entry(app, entry)
            media = document.operations[entry["operation"]].responses["200"].content("application/json")
            assert media is not None
            assert media.pointer is not None
            assert list(validators.validator(media.pointer).iter_errors(answer.json())) == []
            count += 1
    assert count >= len(provider.lifecycle.scenarios)


@pytest.mark.parametrize(
    ("query", "agent", "audience"),
    [
        ("", "", "contract"),
        ("", "python-requests/2.32", "contract"),
        ("", "schemathesis/4.0", "contract"),
        ("", "node-fetch/1.0", "contract"),
        ("", "Apache-HttpClient/Swagger", "clients"),
        ("", "node", "clients"),
        ("?for=contract", "node", "contract"),
        ("?for=clients", "", "clients"),
        ("?for=contract&for=clients", "", "clients"),
    ],
)
def test_audience__is_asked_for_or_goes_by_the_program(query: str, agent: str, audience: str, app: App) -> None:
    """`?for=` counts; without it the names of known generators get the document for clients; caches are told."""
    for form in ("json", "yaml"):
        answer = ask(app, "GET", f"/kayle/openapi.{form}{query}", {"User-Agent": agent})
        assert yaml.load(answer.text, Loader=yaml.CSafeLoader)["info"]["x-specimen-for"] == audience
        assert answer.headers["vary"] == "User-Agent"


def test_audience__unknown(app: App) -> None:
    """An audience that there is not is a sentence with those that there are."""
    answer = ask(app, "GET", "/kayle/openapi.json?for=client")
    assert (answer.status_code, answer.text) == (400, "for 'client': there is no document for that. Did you mean 'clients'?\n")
    assert "clients, contract" in ask(app, "GET", "/kayle/openapi.json?for=").text


def test_audience__of_the_control_api(app: App) -> None:
    """Its document is served by the same rule."""
    found = ask(app, "GET", "/_specimen/v1/openapi.json", GENERATOR).json()
    assert found["info"]["x-specimen-for"] == "clients"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"allOf": [{"title": "ABC-001 x", "type": "object"}]}, {}),
        ({"allOf": [{"$ref": "#/a"}, {"required": ["b"]}], "description": "d"}, {"description": "d", "$ref": "#/a"}),
        (
            {"allOf": [{"$ref": "#/a"}, {"required": ["b"]}], "properties": {"if": {"title": "ABC-1 x", "type": "string"}}},
            {"properties": {"if": {"type": "string"}}, "required": ["b"], "allOf": [{"$ref": "#/a"}]},
        ),
        ({"type": "object", "patternProperties": {"^x": TEXT}}, {"type": "object", "additionalProperties": TEXT}),
        ({"type": "object", "patternProperties": {"^x": TEXT, "^y": {}}}, {"type": "object", "additionalProperties": True}),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}], "type": "object"}, {"type": "object"}),
        ({"oneOf": [{"type": "string"}, {"const": 1}]}, {"oneOf": [{"type": "string"}, {"const": 1}]}),
        ({"oneOf": [{"type": "string"}, {"const": 1, "not": {}}]}, {"anyOf": [{"type": "string"}, {"const": 1}]}),
        ({"properties": {"a": {"type": "null"}}}, {"properties": {"a": {"type": ["object", "null"]}}}),
        ({"anyOf": [TEXT, {"type": "null"}]}, {"anyOf": [TEXT, {"type": "null"}]}),
        ({"enum": [{"if": 1}], "default": {"not": 2}}, {"enum": [{"if": 1}], "default": {"not": 2}}),
        ({"items": {"if": {}, "items": False}, "title": "Kept"}, {"items": {"items": False}, "title": "Kept"}),
    ],
)  # fmt: skip
def test_for_clients__keeps_shapes_alone(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    """What only constrains goes; a reference that is left alone takes the place of its `allOf`; data is left as it is."""
    assert for_clients({"components": {"schemas": {"One": schema}}})["components"]["schemas"]["One"] == expected


def test_credentials__of_schemes_that_a_form_can_hold() -> None:
    """A key in a header as it is, a bearer token without its scheme."""
    assert working_credentials(specs.load("predicate")) == {"apiKey": "pk_specimen"}
    assert working_credentials(specs.load("neurovision"))["jwt"].count(".") == 2


# -- the command --------------------------------------------------------------------------------------------------


def printed(*arguments: str) -> tuple[int, str]:
    """The exit code of `specimen spec` and what it printed."""
    done = CliRunner().invoke(command_line, ["spec", *arguments])
    return done.exit_code, done.output


@pytest.mark.parametrize("audience", ["contract", "clients"])
def test_command__prints_what_is_served(audience: str, app: App) -> None:
    """The same document, as JSON and as YAML, with the named server first."""
    served = ask(app, "GET", f"/predicate/openapi.json?for={audience}").json()
    code, text = printed("predicate", "--for", audience)
    assert code == 0
    assert json.loads(text)["servers"][0]["url"] == "http://127.0.0.1:8080/predicate"
    assert {**json.loads(text), "servers": []} == {**served, "servers": []}
    code, text = printed("predicate", "--for", audience, "--yaml", "--url", "https://sandbox.test/kyc/")
    assert yaml.safe_load(text)["servers"][0]["url"] == "https://sandbox.test/kyc/predicate"
    assert re.search(r"[:-] [&*]id\d", text) is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["kyle"], "kayle"), (["kayle", "--for", "client"], "clients"), (["kayle", "--url", "x"], "--url")],
)
def test_command__says_what_is_wrong(arguments: list[str], said: str) -> None:
    """A mistake is a sentence and exit code 2."""
    code, output = printed(*arguments)
    assert (code, said in output) == (2, True)

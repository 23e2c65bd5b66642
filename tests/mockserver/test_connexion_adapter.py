"""Each thing that Connexion 3.3 does not do, or does wrongly, with OpenAPI 3.1: asked of the mock over a made-up document."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.mockserver.app import App, build_app
from specimen.mockserver.errors import SpecError
from specimen.mockserver.settings import Settings
from specimen.specs.loading.schemas import Schemas
from tests.mockserver import dummy_provider
from tests.mockserver.calling import ask, ask_raw

Serve = Callable[..., App]
BASE = "/atlas/v3"


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Serves a made-up document with further paths and schemas."""

    def build(paths: dict[str, Any] | None = None, **schemas: Any) -> App:
        dummy_provider.load(monkeypatch, tmp_path, dummy_provider.document(paths, **schemas))
        return build_app(Settings(providers=("atlas",)))

    return build


def _post(app: App, path: str, body: Any) -> httpx.Response:
    return ask(app, "POST", BASE + path, json=body)


def test_document__31_type_arrays(serve: Serve) -> None:
    """A 3.1 document with `type: [string, 'null']` and without `nullable` is served; Connexion checks files against 3.0."""
    app = serve({"/echo": dummy_provider.echo("say", {"type": "object", "properties": {"a": {"type": ["string", "null"]}}})})
    assert _post(app, "/echo", {"a": None}).json()["body"] == {"a": None}
    assert _post(app, "/echo", {"a": "x"}).status_code == 200
    assert _post(app, "/echo", {"a": 1}).status_code == 400


def test_document__invalid_31_from_outside_is_refused(serve: Serve) -> None:
    """A document from outside is checked as OpenAPI 3.1 when it is mounted, with the place of the mistake."""
    broken = dummy_provider.echo("say")
    broken["post"]["responses"]["200"] = {"content": {}}
    with pytest.raises(SpecError, match=r"openapi\.yaml: /paths/~1echo/post/responses/200"):
        serve({"/echo": broken})


def test_document__cookie_parameters_are_refused(serve: Serve) -> None:
    """What the mock cannot do it does not pass over in silence."""
    parameters = [{"name": "c", "in": "cookie", "schema": {"type": "string"}}]
    with pytest.raises(SpecError, match="say: cookie parameters are not supported"):
        serve({"/echo": dummy_provider.echo("say", parameters=parameters)})


def test_reference__siblings_keep_their_rules(serve: Serve) -> None:
    """In 3.1 the keywords beside a `$ref` count; Connexion's resolver lets the target overwrite them."""
    body = {
        "type": "object",
        "properties": {
            "code": {"$ref": "#/components/schemas/Code", "minLength": 3, "pattern": "^[A-Z]+$"},
            "maybe": {"$ref": "#/components/schemas/Code", "type": "string", "const": "AB"},
        },
    }
    app = serve({"/echo": dummy_provider.echo("say", body)}, Code={"type": "string", "minLength": 1, "pattern": "^[A-Z0-9]+$"})
    statuses = {value: _post(app, "/echo", {"code": value}).status_code for value in ("ABC", "AB", "AB1", "abc", "")}
    assert statuses == {"ABC": 200, "AB": 400, "AB1": 400, "abc": 400, "": 400}
    assert _post(app, "/echo", {"maybe": "CD"}).status_code == 400


def test_reference__recursive_schema(serve: Serve) -> None:
    """A schema that contains itself is validated, not unrolled."""
    tree = {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"type": "integer"}, "of": {"$ref": "#/components/schemas/Tree"}},
    }
    app = serve({"/echo": dummy_provider.echo("say", {"$ref": "#/components/schemas/Tree"})}, Tree=tree)
    assert _post(app, "/echo", {"n": 1, "of": {"n": 2, "of": {"n": 3}}}).status_code == 200
    assert _post(app, "/echo", {"n": 1, "of": {"n": 2, "of": {"n": "3"}}}).status_code == 400


def test_parameters__path_item_ones_are_validated_and_do_not_repeat(serve: Serve) -> None:
    """The path item's parameters are checked and typed; building again and again adds none to them."""
    item = {
        "parameters": [
            {"name": "size", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}},
            {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 9, "default": 5}},
            {"name": "tag", "in": "query", "schema": {"type": "string"}},
            {"name": "X-Level", "in": "header", "schema": {"enum": ["low", "high"]}},
        ],
        **dummy_provider.echo("look", method="get", parameters=[{"name": "tag", "in": "query", "schema": {"enum": ["a", "b"]}}]),
    }
    for _ in range(3):
        app = serve({"/boxes/{size}": item})
        provider = app.mounted["atlas"].provider
        assert len(provider.document.operations["look"].parameters) == 4
        assert len(provider.document.raw["paths"]["/boxes/{size}"]["parameters"]) == 4
    assert ask(app, "GET", f"{BASE}/boxes/3?limit=7&tag=b").json()["query"] == {"limit": 7, "tag": "b"}
    assert ask(app, "GET", f"{BASE}/boxes/3").json()["query"] == {"limit": 5}
    for path in ("/boxes/3?limit=10", "/boxes/3?limit=x", "/boxes/3?tag=c"):
        assert ask(app, "GET", BASE + path).status_code == 400, path
    assert ask(app, "GET", f"{BASE}/boxes/3", {"X-Level": "high"}).status_code == 200
    assert ask(app, "GET", f"{BASE}/boxes/3", {"X-Level": "middle"}).status_code == 400


def test_parameters__path_values_take_their_types(serve: Serve) -> None:
    """A path parameter that the document calls an integer is checked as one."""
    item = {
        "parameters": [{"name": "size", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}],
        **dummy_provider.echo("look", method="get"),
    }
    app = serve({"/boxes/{size}": item})
    statuses = {value: ask(app, "GET", f"{BASE}/boxes/{value}").status_code for value in ("3", "0", "x", "3.5", "03", "-1")}
    assert statuses == {"3": 200, "0": 400, "x": 400, "3.5": 400, "03": 400, "-1": 400}


def test_parameters__required_query_and_header(serve: Serve) -> None:
    """A missing required parameter is a 400, also one in a header, whose name has no case."""
    parameters = [
        {"name": "q", "in": "query", "required": True, "schema": {"type": "string"}},
        {"name": "X-Need", "in": "header", "required": True, "schema": {"type": "boolean"}},
        {"name": "all", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}},
        {"name": "n", "in": "query", "schema": {"type": "number"}},
    ]
    app = serve({"/look": dummy_provider.echo("look", method="get", parameters=parameters)})
    assert ask(app, "GET", f"{BASE}/look?q=", {"x-NEED": "true"}).status_code == 200
    assert ask(app, "GET", f"{BASE}/look", {"X-Need": "true"}).status_code == 400
    assert ask(app, "GET", f"{BASE}/look?q=a").status_code == 400
    assert ask(app, "GET", f"{BASE}/look?q=a", {"X-Need": "yes"}).status_code == 400
    repeated = ask(app, "GET", f"{BASE}/look?q=a&q=b&all=1&all=2", {"X-Need": "false"}).json()["query"]
    assert repeated == {"q": "b", "all": [1, 2]}
    statuses = [
        ask(app, "GET", f"{BASE}/look?q=a&n={n}", {"X-Need": "true"}).status_code for n in ("1.5", "1e9", "1e999", "nan", "")
    ]
    assert statuses == [200, 200, 400, 400, 400]


@pytest.mark.parametrize("text", ["{{ 7 * 7 }}", "{% raise %}", "{# note #}", "${HOME}", "{{ cycler.__init__ }}"])
def test_document__template_text_stays_text(text: str, serve: Serve) -> None:
    """Connexion passes spec files through Jinja; here what looks like a template is text, in bodies and in answers."""
    app = serve({"/echo": dummy_provider.echo("say", {"type": "object", "properties": {"a": {"const": text}}}, description=text)})
    assert _post(app, "/echo", {"a": text}).json()["body"] == {"a": text}
    assert _post(app, "/echo", {"a": "49"}).status_code == 400
    assert ask(app, "GET", "/atlas/openapi.json").json()["paths"]["/echo"]["post"]["description"] == text


KEYWORDS: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "const": ({"properties": {"a": {"const": 3}}}, {"a": 3}, {"a": 4}),
    "unevaluatedProperties": (
        {"allOf": [{"properties": {"a": True}}], "properties": {"b": True}, "unevaluatedProperties": False},
        {"a": 1, "b": 2},
        {"a": 1, "c": 3},
    ),
    "if/then/else": (
        {"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}},
        {"a": 1, "b": 1},
        {"a": 2, "b": 1},
    ),
    "dependentSchemas": ({"dependentSchemas": {"a": {"required": ["b"]}}}, {"b": 1}, {"a": 1}),
    "dependentRequired": ({"dependentRequired": {"a": ["b"]}}, {"a": 1, "b": 1}, {"a": 1}),
    "prefixItems": (
        {"properties": {"a": {"prefixItems": [{"type": "integer"}], "items": False}}},
        {"a": [1]},
        {"a": [1, 2]},
    ),
    "contains and minContains": (
        {"properties": {"a": {"contains": {"const": 1}, "minContains": 2}}},
        {"a": [1, 0, 1]},
        {"a": [1]},
    ),
    "propertyNames": ({"propertyNames": {"pattern": "^[a-z]+$"}}, {"ab": 1}, {"ab\n": 1}),
    "exclusiveMinimum as a number": ({"properties": {"a": {"exclusiveMinimum": 3}}}, {"a": 3.5}, {"a": 3}),
    "$defs and a local $ref": (
        {"properties": {"a": {"$ref": "#/components/schemas/Held/$defs/n"}}},
        {"a": 1},
        {"a": "1"},
    ),
    "format": (
        {"properties": {"a": {"type": "string", "format": "uuid"}}},
        {"a": "0193f1c7-4b0e-4c6a-9d2e-0a1b2c3d4e5f"},
        {"a": "x"},
    ),
    "pattern without a trailing newline": ({"properties": {"a": {"pattern": "^x$"}}}, {"a": "x"}, {"a": "x\n"}),
}


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_body__2020_12_keywords(keyword: str, serve: Serve) -> None:
    """Keywords of JSON Schema 2020-12, which Connexion's Draft 4 validator does not know, decide over a body."""
    schema, good, bad = KEYWORDS[keyword]
    app = serve({"/echo": dummy_provider.echo("say", {"type": "object", **schema})}, Held={"$defs": {"n": {"type": "integer"}}})
    assert _post(app, "/echo", good).json()["body"] == good
    assert _post(app, "/echo", bad).status_code == 400


def test_body__a_byte_order_mark_is_ignored(serve: Serve) -> None:
    """RFC 8259, section 8.1: parsers may ignore one rather than treat it as an error."""
    app = serve({"/echo": dummy_provider.echo("say", {"type": "object"})})
    status, _, body = ask_raw(app, "POST", f"{BASE}/echo", {"content-type": "application/json"}, b'\xef\xbb\xbf{"a": 1}')
    assert (status, json.loads(body)["body"]) == (200, {"a": 1})


BODIES: dict[str, bytes] = {
    "not UTF-8": b'{"a": "\xff\xfe"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "an integer of 5000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "a negative integer of 5000 digits": b'{"a": -' + b"9" * 5000 + b"}",
    "a float that is infinite": b'{"a": 1e999}',
    "a float that is minus infinite": b'{"a": -1e999}',
    "arrays 100,000 deep": b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "objects 5000 deep": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "arrays 201 deep": b"[" * 201 + b"]" * 201,
    "brackets that never close": b"[" * 100_000,
    "brackets and quotes that never close": b"[" * 201 + b'"' + b'\\"' * 500_000,
    "nothing but quotes": b"[" * 201 + b'"' * 500_001,
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "half a surrogate pair": b'{"a": "\\ud800"}',
    "half a surrogate pair as a key": b'{"\\udc00": 1}',
    "a comma too many": b'{"a": 1,}',
    "two values": b"{} {}",
    "single quotes": b"{'a': 1}",
    "a raw control character": b'{"a": "\x01"}',
    "spaces": b"   ",
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
}


@pytest.mark.parametrize("case", BODIES)
def test_body__unreadable_is_400(case: str, serve: Serve) -> None:
    """What is no JSON object, or one that no receiver could keep, is the documented 400 and never a 500."""
    app = serve({"/echo": dummy_provider.echo("say", {"type": "object"})})
    status, headers, body = ask_raw(app, "POST", f"{BASE}/echo", {"content-type": "application/json"}, BODIES[case])
    assert status == 400, body[:200]
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {"refused": "bad request"}


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a": "\\u0000"}', {"a": "\0"}),
        (b'{"a": ' + b"9" * 400 + b"}", {"a": int("9" * 400)}),
        (b'{"a": ' + b"[" * 199 + b"]" * 199 + b"}", None),
        (b'{"a": "' + b"[{" * 300 + b'"}', {"a": "[{" * 300}),
        (b'{"a": "\\"[[[["}', {"a": '"[[[['}),
        (b" \r\n\t{} ", {}),
    ],
)
def test_body__odd_but_valid(raw: bytes, value: Any, serve: Serve) -> None:
    """Repeated keys (the last counts), whole surrogate pairs, NUL, big numbers and brackets in a text are valid JSON."""
    app = serve({"/echo": dummy_provider.echo("say", {"type": "object"})})
    status, _, body = ask_raw(app, "POST", f"{BASE}/echo", {"content-type": "application/json"}, raw)
    assert status == 200, body[:200]
    if value is not None:
        assert json.loads(body)["body"] == value


@pytest.mark.parametrize("path", ["/records/", "/records//", "//records", "/records%0A", "/recordsx", "/record"])
def test_routing__no_trailing_slash_redirect(path: str, serve: Serve) -> None:
    """A path that the document does not have is a 404 in the vendor's form; nothing redirects."""
    status, headers, body = ask_raw(serve(), "GET", BASE + path.replace("%0A", "\n"), dummy_provider.KEY)
    assert status == 404
    assert "location" not in headers
    assert json.loads(body) == {"refused": "route not found"}


def test_routing__a_parameter_takes_one_segment(serve: Serve) -> None:
    """A path parameter is one segment, a newline at its end is part of it, and another path's fixed name goes first."""
    app = serve(
        {
            "/boxes/{size}": {
                "parameters": [{"name": "size", "in": "path", "required": True, "schema": {"type": "string"}}],
                **dummy_provider.echo("look", method="get"),
            },
            "/boxes/largest": dummy_provider.echo("largest", method="get"),
        }
    )
    assert ask_raw(app, "GET", f"{BASE}/boxes/a/b")[0] == 404
    assert ask_raw(app, "GET", f"{BASE}/boxes/")[0] == 404
    assert json.loads(ask_raw(app, "GET", f"{BASE}/boxes/a\n")[2])["path"] == {"size": "a\n"}
    assert json.loads(ask_raw(app, "GET", f"{BASE}/boxes/a.b(c)")[2])["path"] == {"size": "a.b(c)"}
    assert json.loads(ask_raw(app, "GET", f"{BASE}/boxes/largest")[2])["operation"] == "largest"


def test_routing__wrong_method_lists_the_right_ones(serve: Serve) -> None:
    """A wrong method is a 405 with `Allow`, with and without parameters in the path."""
    app = serve()
    status, headers, body = ask_raw(app, "DELETE", f"{BASE}/records")
    assert (status, json.loads(body)) == (405, {"refused": "method not allowed"})
    assert set(headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    status, headers, _ = ask_raw(app, "PATCH", f"{BASE}/records/x")
    assert (status, set(headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
    status, headers, _ = ask_raw(app, "BREW", f"{BASE}/records/x/stop")
    assert (status, headers["allow"]) == (405, "POST")


def test_routing__head_is_get_without_a_body(serve: Serve) -> None:
    """HEAD answers what GET does, with the same length and no body."""
    app = serve()
    made = ask(app, "POST", f"{BASE}/records", dummy_provider.KEY, json={}).json()
    got, head = (ask_raw(app, method, f"{BASE}/records/{made['id']}", dummy_provider.KEY) for method in ("GET", "HEAD"))
    assert head[0] == got[0] == 200
    assert head[1]["content-type"] == got[1]["content-type"]
    assert int(head[1]["content-length"]) == len(got[2])
    assert head[2] == b""


def test_providers__same_operation_ids_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two providers whose operation ids are the same keep their own handlers, errors and sessions."""
    other = dummy_provider.document()
    other["components"]["responses"]["RouteNotFound"]["content"]["application/json"]["examples"]["route_not_found"] = {
        "value": {"refused": "boreas knows no such place"}
    }
    dummy_provider.load(monkeypatch, tmp_path, name="atlas")
    dummy_provider.load(monkeypatch, tmp_path, other, name="boreas")
    app = build_app(Settings(providers=("atlas", "boreas")))
    made = {name: ask(app, "POST", f"/{name}/v3/records", dummy_provider.KEY, json={}).json() for name in ("atlas", "boreas")}
    assert made["atlas"]["id"] != made["boreas"]["id"]
    for name in made:
        for of, session in made.items():
            status = ask(app, "GET", f"/{name}/v3/records/{session['id']}", dummy_provider.KEY).status_code
            assert status == (200 if of == name else 404)
    assert ask(app, "GET", "/boreas/v3/none").json() == {"refused": "boreas knows no such place"}
    assert ask(app, "GET", "/atlas/v3/none").json() == {"refused": "route not found"}


def test_errors__validate_against_the_document(serve: Serve) -> None:
    """Connexion does not validate what error handlers return; each refusal is an answer that the document lists."""
    app = serve({"/echo": dummy_provider.echo("say", {"type": "object", "required": ["a"]})})
    document = app.mounted["atlas"].provider.document
    schemas = Schemas(document, strict=True)
    requests: list[tuple[str, str, dict[str, str], bytes, int]] = [
        ("POST", "/echo", {"content-type": "application/json"}, b"{}", 400),
        ("POST", "/echo", {"content-type": "application/json"}, b"{", 400),
        ("POST", "/echo", {"content-type": "application/json"}, b"", 400),
        ("POST", "/echo", {"content-type": "text/csv"}, b"a,b", 415),
        ("GET", "/records", {}, b"", 401),
        ("GET", "/records", {"X-Key": "wrong"}, b"", 401),
        ("GET", "/records", {"X-Key": "atlas-old"}, b"", 401),
        ("GET", "/records/not-a-uuid", dummy_provider.KEY, b"", 400),
        ("GET", "/records/0193f1c7-4b0e-4c6a-9d2e-0a1b2c3d4e5f", dummy_provider.KEY, b"", 404),
        ("GET", "/none", {}, b"", 404),
        ("PUT", "/records", {}, b"", 405),
        ("POST", "/echo", {"content-type": "application/json"}, b"[" * (2 * 1024 * 1024 + 1), 413),
    ]
    kinds = {405: "MethodNotAllowed", 413: "ContentTooLarge", 415: "UnsupportedMediaType"}
    validator = schemas.validator("/components/responses/RouteNotFound/content/application~1json/schema")
    for method, path, headers, raw, expected in requests:
        status, shown, body = ask_raw(app, method, BASE + path, headers, raw)
        assert status == expected, (method, path, body)
        assert shown["content-type"] == "application/json"
        assert validator.is_valid(json.loads(body)), body
    assert set(kinds) <= {row[4] for row in requests}
    locked = ask(app, "GET", f"{BASE}/records", {"X-Key": "atlas-old"}).json()
    assert locked == {"refused": "locked"}


def test_credentials__scheme_and_header_names_have_no_case(serve: Serve) -> None:
    """A key in a header of any case is taken; one with other spaces or another letter is not."""
    app = serve()
    assert ask(app, "GET", f"{BASE}/records", {"x-KEY": "atlas-specimen"}).status_code == 200
    for value in ("Atlas-specimen", "atlas-specimenx", "", "atlas-specimen, atlas-specimen"):
        assert ask(app, "GET", f"{BASE}/records", {"X-Key": value}).status_code == 401, value


def test_lifespan__not_needed_and_answered(serve: Serve) -> None:
    """Requests are answered without start-up events, and a server that sends them gets its answer."""
    app = serve()
    assert ask_raw(app, "GET", f"{BASE}/records", dummy_provider.KEY)[0] == 200
    events = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return events.pop(0)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    import asyncio

    asyncio.run(app({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_body__optional(serve: Serve) -> None:
    """A body that the document does not require may be missing; one that it does not describe is not looked at."""
    app = serve()
    assert ask(app, "POST", f"{BASE}/records", dummy_provider.KEY).status_code == 201
    assert ask(app, "POST", f"{BASE}/records", {**dummy_provider.KEY, "Content-Type": "application/json"}).status_code == 201
    made = ask(app, "POST", f"{BASE}/records", dummy_provider.KEY, json={}).json()
    status, _, _ = ask_raw(app, "POST", f"{BASE}/records/{made['id']}/stop", dummy_provider.KEY, b"\xff")
    assert status == 200


def test_body__content_type_with_parameters(serve: Serve) -> None:
    """`application/json; charset=utf-8` is JSON, in any case; another subtype is not."""
    app = serve({"/echo": dummy_provider.echo("say", {"type": "object"})})
    for content_type, expected in (
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ("application/json-patch+json", 415),
        ("multipart/form-data; boundary=x", 415),
        ("garbage", 415),
        ("", 415),
    ):
        status, _, _ = ask_raw(app, "POST", f"{BASE}/echo", {"content-type": content_type}, b"{}")
        assert status == expected, content_type
    assert ask_raw(app, "POST", f"{BASE}/echo", {}, b"{}")[0] == 200


@pytest.mark.parametrize("name", specs.names())
def test_build__leaves_the_document_as_it_is(name: str) -> None:
    """Connexion writes a server of its own into the specification that it is given; the document keeps the vendor's."""
    provider = specs.load(name)
    before = json.dumps(provider.document.raw)
    build_app(Settings(providers=(name,)))
    assert json.dumps(provider.document.raw) == before

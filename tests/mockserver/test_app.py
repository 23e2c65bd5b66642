"""The application as a whole: where providers are, who shares what, and what is shown, logged and repeated."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
import yaml

import specs
from fixtures.signing import signed
from mockserver.app import App, build_app
from mockserver.errors import SettingError, SpecError
from mockserver.sessions import Sessions
from mockserver.settings import Pace, Settings
from tests.mockserver.calling import NOW, ask, ask_entry, ask_raw, create_entry, frozen_app, pointed, read_entry, state_of

NAMES = specs.names()
KAYLE = {"Authorization": "Bearer kk_live_specimen"}


@pytest.fixture(scope="module")
def app() -> App:
    """All providers under a still clock."""
    return frozen_app()


# -- mounts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_mount__name_and_the_vendors_base_path(name: str, app: App) -> None:
    """Each provider is below its name, with the path of the vendor's base URL."""
    first = next(iter(app.mounted[name].table.entries()))
    assert first["path"].startswith(f"/{name}{app.mounted[name].provider.document.base_path}")
    assert ask_entry(app, first).status_code == 200
    at_root = first["path"].removeprefix(f"/{name}")
    assert ask_entry(app, {**first, "path": at_root}).status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_mount__root_when_alone(name: str) -> None:
    """A provider served alone also answers at the root, with the vendor's own paths; its links then stay at the root."""
    alone = frozen_app(name)
    first = next(iter(alone.mounted[name].table.entries()))
    at_root = {**first, "path": first["path"].removeprefix(f"/{name}")}
    assert ask_entry(alone, first).status_code == ask_entry(alone, at_root).status_code == 200
    below, above = ask_entry(alone, first).text, ask_entry(alone, at_root).text
    assert (
        below.replace(f"http://127.0.0.1:8080/{name}/_specimen/", "http://127.0.0.1:8080/_specimen/")
        == re.sub(r"sig=[0-9a-f]+", lambda match: match[0], above)
        or "sig=" in above
    )
    assert f"http://127.0.0.1:8080/{name}" not in above
    assert ask_raw(alone, "GET", "/nothing")[0] == 404


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("host", ["{}.localhost:8080", "{}.example", "{}", "{}:99"])
def test_mount__host_label(name: str, host: str, app: App) -> None:
    """A host whose first label is a provider's name is that provider, with the vendor's own paths."""
    first = next(iter(app.mounted[name].table.entries()))
    label = host.format(name.upper())
    at_root = {**first, "path": first["path"].removeprefix(f"/{name}")}
    answer = ask_entry(app, at_root, Host=label)
    assert answer.status_code == 200
    other = next(one for one in NAMES if one != name)
    assert ask_entry(app, at_root, Host=f"{other}.localhost").status_code in (401, 404)


def test_mount__links_carry_the_callers_host(app: App) -> None:
    """Links point at the mock as the caller reached it."""
    entry = create_entry(app, "kayle")
    for host, scheme in (("mock.test:8443", "http"), ("127.0.0.1:9", "http"), ("[::1]:8080", "http")):
        url = ask_entry(app, entry, Host=host).json()["data"]["verification_url"]
        assert url.startswith(f"{scheme}://{host}/kayle/_specimen/")


def test_mount__many_hosts_fill_no_memory() -> None:
    """Answers kept for the hosts that callers name are few, however many they name."""
    app = frozen_app("kayle")
    entry = read_entry(app, "kayle", ask_entry(app, create_entry(app, "kayle")).json())
    for number in range(500):
        assert ask_entry(app, entry, Host=f"host-{number}.test").status_code == 200
    assert len(app._origins) < 500
    assert all(len(phase.answers) < 100 for phase in app.mounted["kayle"].ledger.phases.values())


def test_mount__root_lists_the_providers(app: App) -> None:
    """The server's own root says where the providers are; a path below none of them says so, with the mounts."""
    assert ask(app, "GET", "/").json() == {"providers": {name: f"/{name}" for name in NAMES}}
    lost = ask(app, "GET", "/kayl/v1/sessions")
    assert (lost.status_code, lost.headers["content-type"]) == (404, "application/problem+json")
    assert lost.json()["mounts"] == [specs.load(name).mount for name in NAMES]


def test_build__unknown_provider_and_locale() -> None:
    """A provider or a locale that does not exist is named, with the nearest."""
    with pytest.raises(SpecError, match=r"provider 'kale': there is none\. Did you mean 'kayle'\?"):
        build_app(Settings(providers=("kale",)))
    with pytest.raises(SettingError, match=r"locale 'de_DD': there is none\. Did you mean 'de_DE'\?"):
        build_app(Settings(locale="de_DD"))


def test_build__locale_is_everybodys() -> None:
    """Under a locale every person is of it, the catalogue's too, unless a caller wishes otherwise."""
    german = frozen_app("kayle", locale="de_DE", pace="instant")
    sessions = Sessions(german.mounted["kayle"].ledger, german.clock, "default", "http://127.0.0.1", german.clock.now())

    def locale_of(session_id: str) -> str:
        session = sessions.get(session_id)
        assert session is not None
        return session.moment.identity.locale

    answers = [ask_entry(german, create_entry(german, "kayle")) for _ in range(3)]
    assert {locale_of(answer.json()["data"]["id"]) for answer in answers} == {"de_DE"}
    assert locale_of(next(iter(german.mounted["kayle"].ledger.catalogue.places()))[0]) == "de_DE"
    assert locale_of(ask_entry(german, create_entry(german, "kayle"), Prefer="locale=ja_JP").json()["data"]["id"]) == "ja_JP"


# -- namespaces ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_namespace__has_its_own_sessions(name: str) -> None:
    """A session is found in the namespace that made it, by header and by query, and in no other."""
    app = frozen_app(name)
    made = ask_entry(app, create_entry(app, name), Specimen_Namespace="job-1")
    read = read_entry(app, name, made.json())
    mark = "&" if "?" in read["path"] else "?"
    in_query = {**read, "path": f"{read['path']}{mark}specimen_ns=job-1"}
    assert state_of(app, name, ask_entry(app, read, Specimen_Namespace="job-1")) == state_of(app, name, ask_entry(app, in_query))
    pointer = app.mounted[name].provider.lifecycle.reads[0].status or ""
    for other in (
        ask_entry(app, read),
        ask_entry(app, read, Specimen_Namespace="job-2"),
        ask_entry(app, in_query, Specimen_Namespace="job-2"),
    ):
        with pytest.raises((KeyError, TypeError, AssertionError)):
            assert pointed(other.json(), pointer) in app.mounted[name].provider.lifecycle.states


@pytest.mark.parametrize("name", NAMES)
def test_namespace__links_carry_it(name: str) -> None:
    """Every link of an answer in a namespace leads back into that namespace."""
    app = frozen_app(name, pace="instant")
    for entry in app.mounted[name].table.entries():
        if entry["scenario"] is None:
            break
        body = ask_entry(app, entry, Specimen_Namespace="job-1").text
        for link in re.findall(r"http://127\.0\.0\.1:8080/[^\"]*/_specimen/[^\"]*", body):
            assert "specimen_ns=job-1" in link, link
        assert "specimen_ns" not in ask_entry(app, entry).text


def test_namespace__has_its_own_clock(app: App) -> None:
    """Moving one namespace's clock leaves the others' alone; a new one starts with the default's time."""
    fresh = frozen_app("kayle", pace="realtime")
    made = {space: ask_entry(fresh, create_entry(fresh, "kayle"), Specimen_Namespace=space) for space in ("a", "b", "default")}
    fresh.namespace("a").clock.forward(3_600_000)
    states = {}
    for space, answer in made.items():
        read = read_entry(fresh, "kayle", answer.json())
        states[space] = state_of(fresh, "kayle", ask_entry(fresh, read, Specimen_Namespace=space))
    assert states == {"a": "succeeded", "b": "created", "default": "created"}
    fresh.clock.forward(5000)
    assert fresh.namespace("new").clock.now() == NOW + 5000
    assert fresh.namespace("b").clock.now() == NOW
    assert fresh.namespace("default").clock is fresh.clock


@pytest.mark.parametrize("name", ["a/b", " ", "-a", ".a", "a b", "a" * 65, "é", "a,b", "a\tb", "{a}", ""])
def test_namespace__bad_name(name: str, app: App) -> None:
    """A name that cannot be one is a 400 of the mock's own, by header and by query."""
    status, headers, body = ask_raw(app, "GET", "/kayle/v1/sessions", {**KAYLE, "specimen-namespace": name})
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert "specimen-namespace" in json.loads(body)["detail"]
    in_query = ask_raw(app, "GET", "/kayle/v1/sessions", KAYLE, query=f"specimen_ns={name}".encode("latin-1"))
    assert in_query[0] == 400


@pytest.mark.parametrize("name", ["a", "A1", "job-17.main_2", "0", "a" * 64, "default"])
def test_namespace__good_name(name: str, app: App) -> None:
    """Letters, digits, dots, underscores and hyphens make a name of up to 64 characters."""
    assert ask(app, "GET", "/kayle/v1/sessions", {**KAYLE, "Specimen-Namespace": name}).status_code == 200


def test_namespace__not_the_credential() -> None:
    """Two credentials see the same namespace: tokens rotate, sessions stay."""
    app = frozen_app("neurovision")
    good = [entry for entry in specs.load("neurovision").lifecycle.credentials.values() if entry.fails is None and entry.headers]
    made = ask_entry(app, create_entry(app, "neurovision"))
    read = read_entry(app, "neurovision", made.json())
    for credential in good:
        assert ask_entry(app, {**read, "headers": dict(credential.headers)}).status_code == 200


# -- the server's own pages ----------------------------------------------------------------------------------------


def test_health__says_what_is_served(app: App) -> None:
    """Health is one look: up, version, providers, time."""
    body = ask(app, "GET", "/_specimen/health").json()
    assert body == {"status": "ok", "version": body["version"], "providers": list(NAMES), "now": NOW}
    assert body["version"]


def test_scenarios__is_the_wishes_table(app: App) -> None:
    """The table served is that of `specimen ids --json`, and every entry of it is answered as it says."""
    table = ask(app, "GET", "/_specimen/scenarios").json()
    assert table["version"] == 1
    keys = [
        "provider",
        "scenario",
        "status",
        "example",
        "operation",
        "method",
        "path",
        "headers",
        "body",
        "expect_status",
        "setup",
    ]
    assert {entry["provider"] for entry in table["entries"]} == set(NAMES)
    for entry in table["entries"]:
        assert list(entry) == keys


@pytest.mark.parametrize("name", NAMES)
def test_document__first_server_is_the_mount(name: str, app: App) -> None:
    """The document is served as JSON and as YAML, the same value, its first server the mount."""
    as_json = ask(app, "GET", f"/{name}/openapi.json")
    as_yaml = ask(app, "GET", f"/{name}/openapi.yaml")
    assert as_json.headers["content-type"] == "application/json"
    assert as_yaml.headers["content-type"].startswith("application/yaml")
    assert yaml.load(as_yaml.text, Loader=yaml.BaseLoader)["openapi"] == as_json.json()["openapi"] == "3.1.0"
    assert as_json.json()["servers"][0]["url"] == specs.load(name).mount
    assert as_json.json()["paths"] == json.loads(json.dumps(specs.load(name).document.raw["paths"]))
    head = ask(app, "HEAD", f"/{name}/openapi.json")
    assert (head.status_code, head.content) == (200, b"")
    alone = frozen_app(name)
    at_root = ask(alone, "GET", "/openapi.json").json()["servers"][0]["url"]
    assert at_root == (specs.load(name).document.base_path or "/")


@pytest.mark.parametrize("name", NAMES)
def test_ui__page_and_assets(name: str, app: App) -> None:
    """Swagger UI is a page whose assets are there; it names no other host and reads no other file."""
    assert ask(app, "GET", f"/{name}/ui").headers["location"] == f"/{name}/ui/"
    page = ask(app, "GET", f"/{name}/ui/")
    assert page.headers["content-type"].startswith("text/html")
    assert f'"/{name}/openapi.json"' in page.text
    for link in re.findall(r'(?:href|src)="([^"]+)"', page.text):
        if link == "data:,":
            continue
        assert link.startswith(f"/{name}/ui/")
        assert ask(app, "GET", link).status_code == 200
    assert not re.search(r'="(https?:)?//', page.text)
    for path in ("/ui/../openapi.json", "/ui/index.js", "/ui//etc/passwd", "/ui/..%2f..%2fsecret", "/ui/swagger-ui.css/.."):
        assert ask_raw(app, "GET", f"/{name}{path}")[0] == 404


# -- CORS ----------------------------------------------------------------------------------------------------------


def test_cors__open_on_loopback(app: App) -> None:
    """A page of any origin may call a server on loopback, and see its headers; without an origin nothing is added."""
    for path, expected in (("/kayle/v1/sessions", 200), ("/kayle/v1/none", 404), ("/_specimen/health", 200), ("/nothing", 404)):
        answer = ask(app, "GET", path, {**KAYLE, "Origin": "http://localhost:3000"})
        assert answer.status_code == expected
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-expose-headers"] == "*"
        assert "access-control-allow-origin" not in ask(app, "GET", path, KAYLE).headers
    assert ask(app, "GET", "/kayle/openapi.json", {"Origin": "null"}).headers["access-control-allow-origin"] == "*"
    refused = ask(app, "GET", "/kayle/v1/sessions", {"Origin": "http://x", **KAYLE, "Prefer": "status=x"})
    assert refused.headers["access-control-allow-origin"] == "*"


def test_cors__preflight(app: App) -> None:
    """A preflight is answered before credentials, with what it asked for."""
    headers = {
        "Origin": "http://x",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, prefer",
    }
    answer = ask(app, "OPTIONS", "/kayle/v1/sessions", headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-headers"] == "authorization, prefer"
    assert "POST" in answer.headers["access-control-allow-methods"]
    status, shown, _ = ask_raw(app, "OPTIONS", "/x", {**headers, "Access-Control-Request-Headers": "a<b>;\x00c"})
    assert (status, shown["access-control-allow-headers"]) == (204, "abc")


def test_cors__closed_elsewhere() -> None:
    """A server that others can reach tells browsers nothing, and OPTIONS is a method like any other."""
    public = build_app(Settings(host="0.0.0.0", providers=("kayle",)))
    headers = {"Origin": "http://x", "Access-Control-Request-Method": "POST"}
    assert "access-control-allow-origin" not in ask(public, "GET", "/kayle/v1/sessions", {**KAYLE, **headers}).headers
    assert ask(public, "OPTIONS", "/kayle/v1/sessions", headers).status_code == 405


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
    ],
)
def test_settings__loopback(host: str, is_loopback: bool) -> None:
    """Which addresses only this machine can reach."""
    assert Settings(host=host).is_loopback is is_loopback


# -- determinism ---------------------------------------------------------------------------------------------------


def _story(app: App) -> Iterator[tuple[int, bytes, list[tuple[str, str]]]]:
    for _ in range(3):
        for name in NAMES:
            made = ask_entry(app, create_entry(app, name))
            yield made.status_code, made.content, sorted(made.headers.items())
            read = read_entry(app, name, made.json())
            for prefer in ("respond-async", f"status={app.mounted[name].provider.lifecycle.default.path[-1]}"):
                answer = ask_entry(app, read, Prefer=prefer)
                yield answer.status_code, answer.content, sorted(answer.headers.items())
        app.clock.forward(31_000)
    for entry in app.scenarios()["entries"]:
        answer = ask_entry(app, entry)
        yield answer.status_code, answer.content, sorted(answer.headers.items())


def test_determinism__same_bytes_twice() -> None:
    """Under a frozen clock the same calls in the same order give the same bytes; another seed gives others."""
    one, two = (list(_story(frozen_app(pace="10x"))) for _ in range(2))
    assert one == two
    other = list(_story(frozen_app(pace="10x", seed=1)))
    assert len(other) == len(one)
    creates = slice(0, 9 * len(NAMES), 3)
    assert not any(a[1] == b[1] for a, b in zip(one[creates], other[creates], strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_headers__seed_and_scenario_on_every_session(name: str, app: App) -> None:
    """Every answer that shows a session says its seed and scenario; an error says neither."""
    for entry in app.mounted[name].table.entries():
        answer = ask_entry(app, entry)
        if entry["scenario"] is None:
            assert "specimen-seed" not in answer.headers or answer.status_code < 400
        else:
            assert answer.headers["specimen-scenario"] == entry["scenario"]
            assert answer.headers["specimen-seed"].isdigit()


# -- journal and log -----------------------------------------------------------------------------------------------


def test_journal__what_happened_and_nothing_private() -> None:
    """The journal has every exchange of its namespace in order, no token, id or body; the oldest go."""
    app = build_app(Settings(providers=("kayle",), now=NOW, freeze=True, journal_entries=5))
    made = ask_entry(app, create_entry(app, "kayle")).json()["data"]
    ask(app, "GET", f"/kayle/v1/sessions/{made['id']}", KAYLE)
    ask(app, "GET", "/kayle/v1/sessions", {"Authorization": "Bearer kk_secret"})
    ask(app, "GET", "/kayle/v1/secret-path", KAYLE)
    ask(app, "GET", "/kayle/v1/sessions", {**KAYLE, "Specimen-Namespace": "other"})
    ask(app, "POST", "/kayle/v1/sessions", {**KAYLE, "Prefer": "status=x"})
    entries = app.namespace("default").journal.entries()
    assert [(entry.method, entry.operation, entry.status, entry.scenario) for entry in entries] == [
        ("POST", "createSession", 200, "succeeded"),
        ("GET", "getSession", 200, "succeeded"),
        ("GET", "listSessions", 401, None),
        ("GET", None, 404, None),
        ("POST", "createSession", 400, None),
    ]
    text = repr(entries)
    for private in ("kk_", made["id"], made["cancel_token"], "secret"):
        assert private not in text
    assert len(app.namespace("other").journal.entries()) == 1
    for _ in range(7):
        ask(app, "GET", "/kayle/v1/sessions", KAYLE)
    assert len(app.namespace("default").journal.entries()) == 5


def test_log__no_tokens_or_document_data(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is called, and even when a handler breaks, the log holds no token, id or personal data."""
    app = build_app(Settings(pace=Pace("instant"), now=NOW, freeze=True))
    private = set()
    with caplog.at_level(logging.DEBUG):
        for entry in app.scenarios()["entries"]:
            private |= {value for name, value in entry["headers"].items() if name not in ("Content-Type", "Prefer")}
            private |= {part for part in entry["path"].split("/") if len(part) > 20 and entry["scenario"] is not None}
            ask_entry(app, entry)
        endpoint = app.mounted["kayle"]

        def broken(*_: Any, **__: Any) -> Any:
            raise RuntimeError("out of order")

        monkeypatch.setattr(endpoint.ledger, "phase", broken)
        answer = ask_entry(app, next(iter(endpoint.table.entries())))
    assert answer.status_code == 500
    assert answer.json()["detail"] == "Specimen has a bug; its log says where."
    logged = "\n".join(caplog.handler.format(record) for record in caplog.records if record.name not in ("httpx", "httpcore"))
    assert "this is a bug in Specimen" in logged
    assert private
    for value in private:
        assert value not in logged


# -- hosted things -------------------------------------------------------------------------------------------------


def _flow(app: App, redirect_url: str) -> str:
    entry = {**create_entry(app, "kayle"), "body": {"redirect_url": redirect_url}}
    made = ask_entry(app, entry)
    assert made.status_code == 200, made.text
    page = ask(app, "GET", made.json()["data"]["verification_url"])
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    return page.text


def test_flow__leads_back(app: App) -> None:
    """The hosted page leads back to the redirect URL, escaped, and says which session it is for and its state."""
    page = _flow(app, 'https://example.com/done?a=1&b="><script>alert(1)</script>')
    assert "<script>" not in page
    assert 'href="https://example.com/done?a=1&amp;b=&quot;&gt;&lt;script&gt;' in page
    assert "<strong>created</strong>" in page


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JaVaScRiPt:alert(1)//https://x", "data:text/html,x", "myapp://done", " https://example.com"]
)
def test_flow__other_schemes_are_not_linked(url: str, app: App) -> None:
    """A redirect URL that is no web address is never a link."""
    name = "kyve"
    entry = create_entry(app, name)
    entry["body"] = {**entry["body"], "redirect_url": url}
    made = ask_entry(app, entry)
    if made.status_code >= 400:
        return  # the vendor's own rule refuses it
    page = ask(app, "GET", made.json()["url"]).text
    assert "href" not in page


@pytest.mark.parametrize("path", ["flow/nobody", "flow/", "flow", "images/", "images", "", "nothing", "flow/../x", "flow/%00"])
def test_hosted__unknown(path: str, app: App) -> None:
    """A hosted page of nobody is a 404 of the mock's own."""
    status, headers, _ = ask_raw(app, "GET", f"/kayle/_specimen/{path}")
    assert (status, headers["content-type"]) == (404, "application/problem+json")


def test_hosted__only_reads(app: App) -> None:
    """Hosted things are read, never written."""
    assert ask_raw(app, "POST", "/kayle/_specimen/images/a.png")[0] == 404


def test_images__are_png(app: App) -> None:
    """Image links answer a small picture, also at the root of a provider served alone."""
    from PIL import Image

    for served, path in ((app, "/kayle/_specimen/images/any/thing.png"), (frozen_app("kayle"), "/_specimen/images/a.png")):
        status, headers, body = ask_raw(served, "GET", path)
        assert (status, headers["content-type"]) == (200, "image/png")
        with Image.open(BytesIO(body)) as picture:
            assert picture.format == "PNG"
            assert max(picture.size) <= 1000
        assert ask_raw(served, "HEAD", path)[2] == b""


def test_images__in_every_answer_are_there(app: App) -> None:
    """Every link to the mock in any catalogue answer leads somewhere."""
    links = set()
    for entry in app.scenarios()["entries"]:
        if entry["scenario"] is not None:
            links |= set(re.findall(r"http://127\.0\.0\.1:8080(/[^\"\\]*/_specimen/[^\"\\]*)", ask_entry(app, entry).text))
    assert links
    for link in sorted(links)[:: max(1, len(links) // 60)]:
        assert ask(app, "GET", link).status_code == 200, link


def test_signed_link__until_it_expires() -> None:
    """A signed link is good before its time, and a 403 at it, with another signature, and with another path."""
    app = frozen_app("kayle")
    path = "/kayle/_specimen/images/a.png"
    expires = NOW // 1000 + 60
    link = signed(f"http://127.0.0.1:8080{path}", expires)
    query = link.partition("?")[2]
    assert ask_raw(app, "GET", path, query=query.encode())[0] == 200
    for bad in (
        query.replace("sig=", "sig=0"),
        query.replace(str(expires), str(expires + 1)),
        f"exp={expires}",
        "sig=x",
        "exp=x&sig=y",
        "exp=²&sig=é",
    ):
        status, _, body = ask_raw(app, "GET", path, query=bad.encode())
        assert (status, body) == (403, b"This link is wrongly signed.\n"), bad
    assert ask_raw(app, "GET", "/kayle/_specimen/images/b.png", query=query.encode())[0] == 403
    app.clock.forward(59_999 - NOW % 1000)
    assert ask_raw(app, "GET", path, query=query.encode())[0] == 200
    app.clock.forward(1)
    assert ask_raw(app, "GET", path, query=query.encode())[::2] == (403, b"This link is expired.\n")


def test_websocket__is_closed(app: App) -> None:
    """A WebSocket is refused, not left hanging."""
    import asyncio

    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(app({"type": "websocket", "path": "/", "headers": []}, receive, send))
    assert sent == ["websocket.close"]

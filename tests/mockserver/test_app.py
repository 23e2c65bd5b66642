"""The application as a whole: where providers are, what it shows, logs and repeats."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from specimen import specs
from specimen.mockserver.app import App, build_app
from specimen.mockserver.errors import SettingError, SpecError
from specimen.mockserver.sessions.request_log.shown import shown
from specimen.mockserver.sessions.service import Sessions
from specimen.mockserver.settings import Pace, Settings
from specimen.mockserver.testing.in_process import completed
from tests.mockserver.calling import NOW, ask, ask_entry, ask_raw, create_entry, forward, frozen_app, namespace, read_entry

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


def test_mount__root_lists_the_providers(app: App) -> None:
    """The server's own root says where the providers are; a path below none of them says so, with the mounts."""
    urls = {name: f"http://127.0.0.1:8080{specs.load(name).mount}" for name in NAMES}
    assert ask(app, "GET", "/").json() == {"providers": urls}
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
    shared_state, home = german.mounted["kayle"].shared_state, namespace(german, "default")
    sessions = Sessions(shared_state, home, "http://127.0.0.1", home.clock.now())

    def locale_of(session_id: str) -> str:
        session = completed(sessions.get(session_id))
        assert session is not None
        return session.snapshot.identity.locale

    answers = [ask_entry(german, create_entry(german, "kayle")) for _ in range(3)]
    assert {locale_of(answer.json()["data"]["id"]) for answer in answers} == {"de_DE"}
    assert locale_of(next(iter(german.mounted["kayle"].shared_state.catalogue.places()))[0]) == "de_DE"
    assert locale_of(ask_entry(german, create_entry(german, "kayle"), Prefer="locale=ja_JP").json()["data"]["id"]) == "ja_JP"


# -- the server's own pages ----------------------------------------------------------------------------------------


def test_health__says_what_is_served(app: App) -> None:
    """Health is one look: up, version, providers, time."""
    body = ask(app, "GET", "/_specimen/health").json()
    assert body == {"status": "ok", "version": body["version"], "providers": list(NAMES), "now": NOW}
    assert body["version"]


def test_scenarios__is_the_preferences_table(app: App) -> None:
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
        ("127.example.com", False),
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
        forward(app, 31_000)
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


# -- request log and log -----------------------------------------------------------------------------------------------


def test_request_log__what_happened_and_nothing_private() -> None:
    """The request log has every exchange in order, and shows no token; the oldest go."""
    app = build_app(Settings(providers=("kayle",), now=NOW, freeze=True, request_log_entries=6))
    made = ask_entry(app, create_entry(app, "kayle")).json()["data"]
    ask(app, "GET", f"/kayle/v1/sessions/{made['id']}", KAYLE)
    ask(app, "GET", "/kayle/v1/sessions", {"Authorization": "Bearer kk_secret"})
    ask(app, "GET", "/kayle/v1/secret-path", KAYLE)
    ask(app, "GET", "/kayle/v1/sessions", {**KAYLE, "Specimen-Namespace": "other"})
    ask(app, "POST", "/kayle/v1/sessions", {**KAYLE, "Prefer": "status=x"})
    log = app.namespaces.request_log
    entries = [exchange for _, exchange in log.exchanges("default")]
    assert [(entry.method, entry.operation, entry.status, entry.scenario) for entry in entries] == [
        ("POST", "createSession", 200, "succeeded"),
        ("GET", "getSession", 200, "succeeded"),
        ("GET", "listSessions", 401, None),
        ("GET", None, 404, None),
        ("POST", "createSession", 400, None),
    ]
    provider = app.mounted["kayle"].provider
    text = repr([shown(number, exchange, provider) for number, exchange in log.exchanges("default")])
    for private in ("kk_", made["cancel_token"], "kk_secret"):
        assert private not in text
    assert len(list(log.exchanges("other"))) == 1
    for _ in range(7):
        ask(app, "GET", "/kayle/v1/sessions", KAYLE)
    assert [number for number, _ in log.exchanges("default")] == [8, 9, 10, 11, 12, 13]


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

        monkeypatch.setattr(endpoint.shared_state, "cached_state", broken)
        answer = ask_entry(app, next(iter(endpoint.table.entries())))
    assert answer.status_code == 500
    assert answer.json()["detail"] == "Specimen has a bug; its log says where."
    logged = "\n".join(caplog.handler.format(record) for record in caplog.records if record.name not in ("httpx", "httpcore"))
    assert "this is a bug in Specimen" in logged
    assert private
    for value in private:
        assert value not in logged


# -- the same head again -------------------------------------------------------------------------------------------


def test_same_head__answered_by_what_is_now() -> None:
    """A request whose head came before sees the time, the namespace and the session as they are now."""
    app = frozen_app("kayle", pace="10x")
    session = ask_entry(app, create_entry(app, "kayle")).json()["data"]["id"]
    path = f"/kayle/v1/sessions/{session}"
    first = ask(app, "GET", path, KAYLE)
    assert ask(app, "GET", path, KAYLE).headers == first.headers
    forward(app, 3_600_000)
    later = ask(app, "GET", path, KAYLE)
    assert later.headers["date"] != first.headers["date"]
    assert later.json()["data"]["status"] != first.json()["data"]["status"]
    completed(app.namespaces.drop("default"))
    assert ask(app, "GET", path, KAYLE).status_code == 404


def test_same_head__but_for_one_part() -> None:
    """Another credential, namespace, method, query or host is another request, however often the rest came before."""
    app = frozen_app("kayle")
    session = ask_entry(app, create_entry(app, "kayle")).json()["data"]["id"]
    path = f"/kayle/v1/sessions/{session}"
    for _ in range(2):
        assert ask(app, "GET", path, KAYLE).status_code == 200
        assert ask(app, "GET", path, {"Authorization": "Bearer nobody"}).status_code == 401
        assert ask(app, "GET", path, {**KAYLE, "Specimen-Namespace": "a"}).status_code == 404
        assert ask(app, "GET", f"{path}?specimen_ns=b", KAYLE).status_code == 404
        assert ask(app, "PUT", path, KAYLE).status_code in (404, 405)
        assert ask(app, "GET", path, {**KAYLE, "Origin": "http://localhost:3000"}).headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-origin" not in ask(app, "GET", path, KAYLE).headers
        catalogue = next(entry for entry in app.mounted["kayle"].table.entries() if entry["status"] == "created")
        for host in ("one.test:8080", "two.test:8080"):
            assert f"http://{host}/" in ask_entry(app, {**catalogue, "headers": {**catalogue["headers"], "Host": host}}).text


def test_same_head__of_servers_that_give_lists() -> None:
    """ASGI says that a header is two items; it need not be a tuple."""
    app = frozen_app("kayle")
    entry = next(iter(app.mounted["kayle"].table.entries()))

    async def listed(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "headers": [list(pair) for pair in scope["headers"]]}, receive, send)

    assert [ask_entry(listed, entry).status_code for _ in range(2)] == [200, 200]


def test_same_head__bounded() -> None:
    """Of heads that callers choose, only so many are remembered, and none that is long."""
    app = frozen_app("kayle")
    session = ask_entry(app, create_entry(app, "kayle")).json()["data"]["id"]
    for number in range(1_100):
        ask_raw(app, "GET", f"/kayle/v1/sessions/{session}", {**KAYLE, "X-Number": str(number)})
    ask_raw(app, "GET", f"/kayle/v1/sessions/{session}", {**KAYLE, "X-Long": "x" * 3_000})
    known = app._known
    assert 0 < len(known) <= 1_024
    assert all(len(head.headers.get("x-long", "")) == 0 for head in known._known.values())

"""Behind a reverse proxy: the prefix of `--root-path`, and what `--trust-proxy` believes."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from specimen.mockserver.app import App
from specimen.mockserver.errors import SettingError
from specimen.mockserver.http.server import running
from tests.mockserver.calling import ask, ask_entry, ask_raw, create_entry, frozen_app

PLAIN = "http://127.0.0.1:8080"
OUTSIDE = "https://mock.example.com/kyc"
SAID = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "mock.example.com", "X-Forwarded-Prefix": "/kyc"}
SIGNATURE = re.compile(r"sig=[0-9a-f]+")


@pytest.fixture(scope="module")
def prefixed() -> App:
    """All providers below `/kyc`."""
    return frozen_app(root_path="/kyc")


@pytest.fixture(scope="module")
def trusting() -> App:
    """All providers behind a proxy that is believed."""
    return frozen_app(trust_proxy=True)


def own_links(text: str, origin: str) -> list[str]:
    """The links to the mock in an answer."""
    return sorted(set(re.findall(re.escape(origin) + r"/[^\"\\<> ]*", text)))


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.long("reads every catalogue answer twice"))])
def test_links__of_every_answer_are_the_proxys(step: int, trusting: App) -> None:
    """In each catalogue answer all that names the server names the proxy in its place; nothing else differs."""
    plain = frozen_app()
    counted = 0
    for entry in [one for one in plain.scenarios()["entries"] if one["scenario"] is not None][::step]:
        headers = {name.replace("-", "_"): value for name, value in SAID.items()}
        direct, outside = ask_entry(plain, entry).text, ask_entry(trusting, entry, **headers).text
        assert SIGNATURE.sub("", outside) == SIGNATURE.sub("", direct.replace(PLAIN, OUTSIDE))
        assert own_links(outside, PLAIN) == []
        counted += len(own_links(outside, OUTSIDE))
    assert counted > 20


@pytest.mark.parametrize("is_stripped", [True, False], ids=["the proxy takes the prefix away", "the proxy keeps it"])
def test_root_path__links_lead_back(is_stripped: bool, prefixed: App) -> None:
    """What an answer links to is there, signed links too, whether or not the proxy takes the prefix away."""
    found = set()
    for name in prefixed.mounted:
        entry = next(one for one in prefixed.mounted[name].table.entries() if one["scenario"] is not None)
        for asked in (entry, create_entry(prefixed, name)):
            answer = ask_entry(prefixed, {**asked, "path": asked["path"] if is_stripped else "/kyc" + asked["path"]})
            assert answer.status_code < 300, answer.text
            found |= {link for link in own_links(answer.text, PLAIN) if "/_specimen/" in link}
    assert found
    for link in sorted(found):
        path = link.removeprefix(PLAIN)
        assert path.startswith("/kyc/"), link
        assert ask(prefixed, "GET", path.removeprefix("/kyc") if is_stripped else path).status_code == 200, link


def test_root_path__documents_and_pages(prefixed: App) -> None:
    """The served document names its server with the prefix, and the docs page and the redirect to it load from there."""
    for path, first in (("/kayle/openapi.json", "/kyc/kayle"), ("/_specimen/v1/openapi.json", "/kyc/_specimen/v1")):
        assert ask(prefixed, "GET", f"/kyc{path}").json()["servers"][0]["url"] == first
        assert ask(prefixed, "GET", path).json()["servers"][0]["url"] == first
        ui = path.replace("openapi.json", "ui")
        assert ask(prefixed, "GET", ui).headers["location"] == f"{first}/ui/"
        assert set(re.findall(r'(?:href|src|data-document)="(/[^"]*)"', ask(prefixed, "GET", f"{ui}/").text)) == {
            f"{first}/openapi.json",
            f"{first}/ui/swagger-ui.css",
            f"{first}/ui/swagger-ui-bundle.js",
            f"{first}/ui/api_docs.js",
        }
    for name in ("swagger-ui.css", "api_docs.js"):
        assert ask(prefixed, "GET", f"/kyc/kayle/ui/{name}").status_code == 200


def test_root_path__own_paths(prefixed: App) -> None:
    """The server's own paths answer below the prefix and without it, and name URLs with it."""
    for path in ("/kyc", "/kyc/", "/"):
        answer = ask(prefixed, "GET", path, {"Accept": "application/json"})
        assert answer.json()["providers"]["kayle"] == f"{PLAIN}/kyc/kayle"
    base = ask(prefixed, "GET", "/kyc/kayle").json()
    assert (base["base_url"], base["docs"]) == (f"{PLAIN}/kyc/kayle", f"{PLAIN}/kyc/kayle/ui")
    assert ask(prefixed, "GET", "/kyc/_specimen/live").status_code == 200
    assert ask(prefixed, "GET", "/kycx/_specimen/live").status_code == 404


def test_root_path__an_encoded_slash_below_it(prefixed: App) -> None:
    """An encoded slash stays a part of its segment behind the prefix."""
    headers = {"Authorization": "Bearer kk_live_specimen"}
    for root in ("/kyc", ""):
        assert ask(prefixed, "GET", f"{root}/kayle/v1%2Fsessions", headers).status_code == 404
        assert ask(prefixed, "GET", f"{root}/kayle/v1/sessions/a%2fb", headers).status_code == 400


@pytest.mark.parametrize("text", ["kyc", "/a b", "//evil.test", "/a/../b", "/<script>", "/kayle", "/_specimen", "/" + "a" * 300])
def test_root_path__refused(text: str) -> None:
    """What is no prefix of a path, or would hide one of the server's own, is refused at the start."""
    with pytest.raises(SettingError, match="root path"):
        frozen_app("kayle", "kyve", root_path=text)


def test_root_path__of_a_provider_served_alone() -> None:
    """A provider that is served alone may be shown under its own name."""
    app = frozen_app("kayle", root_path="/kayle/")
    headers = {"Authorization": "Bearer kk_live_specimen"}
    for path in ("/v1/sessions", "/kayle/v1/sessions"):
        made = ask(app, "POST", path, headers, json={})
        link = made.json()["data"]["verification_url"]
        assert link.startswith(f"{PLAIN}/kayle/_specimen/")
        assert ask(app, "GET", link).status_code == 200


FORWARDED = {
    "the standard's": ({"Forwarded": 'for=192.0.2.1;host="mock.example.com:8443";proto=https'}, "https://mock.example.com:8443"),
    "the first of a row": ({"Forwarded": "host=a.test;proto=https, host=b.test;proto=http"}, "https://a.test"),
    "in any case": ({"Forwarded": "PROTO=HTTPS; Host=a.test"}, "https://a.test"),
    "the older ones": ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "a.test"}, "https://a.test"),
    "a row of the older ones": ({"X-Forwarded-Proto": "https, http", "X-Forwarded-Host": "a.test, b.test"}, "https://a.test"),
    "a port": ({"X-Forwarded-Host": "a.test", "X-Forwarded-Port": "8443", "X-Forwarded-Proto": "https"}, "https://a.test:8443"),
    "a port alone": ({"Host": "h.test", "X-Forwarded-Port": "8443", "X-Forwarded-Proto": "https"}, "https://h.test:8443"),
    "a port and no host": ({"Host": "h.test", "X-Forwarded-Host": "<", "X-Forwarded-Port": "8443"}, "http://h.test:8443"),
    "the usual port alone": ({"Host": "h.test", "X-Forwarded-Port": "80"}, "http://h.test"),
    "a host that has a port": ({"Host": "h.test:81", "X-Forwarded-Port": "8443"}, "http://h.test:81"),
    "the usual port": ({"X-Forwarded-Host": "a.test", "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https"}, "https://a.test"),
    "IPv6": ({"Forwarded": 'host="[2001:db8::1]:8080"'}, "http://[2001:db8::1]:8080"),
    "the standard's before the older": ({"Forwarded": "host=a.test", "X-Forwarded-Host": "b.test"}, "http://a.test"),
    "a prefix": ({"X-Forwarded-Prefix": "/kyc/"}, f"{PLAIN}/kyc"),
    "no scheme": ({"X-Forwarded-Proto": "javascript"}, PLAIN),
    "no host": ({"X-Forwarded-Host": "a.test/<script>"}, PLAIN),
    "no host in the standard's": ({"Forwarded": 'host="a b";proto=https'}, PLAIN.replace("http:", "https:")),
    "no prefix": ({"X-Forwarded-Prefix": "//evil.test"}, PLAIN),
    "no prefix of dots": ({"X-Forwarded-Prefix": "/.."}, PLAIN),
    "a broken one": ({"Forwarded": "proto=https;;host=a.test"}, PLAIN.replace("http:", "https:")),
    "an open string": ({"Forwarded": 'host="a.test'}, PLAIN),
}


@pytest.mark.parametrize(("headers", "origin"), FORWARDED.values(), ids=FORWARDED)
def test_trust_proxy__what_is_said(headers: dict[str, str], origin: str, trusting: App) -> None:
    """Scheme, host, port and prefix come from the proxy; what none of these can be is left out."""
    asked = {**headers, "Accept": "application/json"}
    assert ask(trusting, "GET", "/", asked).json()["providers"]["kayle"] == f"{origin}/kayle"


def test_trust_proxy__without_it_nothing_is_believed() -> None:
    """Whoever is not asked to believe a proxy takes no word of its headers, on a real port too."""
    app = frozen_app("kayle")
    headers = {**SAID, "Forwarded": "host=evil.test;proto=https", "Accept": "application/json"}
    assert ask(app, "GET", "/kayle", headers).json()["base_url"] == f"{PLAIN}/kayle"

    with running(app) as url:
        assert httpx.get(f"{url}/kayle", headers=headers, trust_env=False).json()["base_url"] == f"{url}/kayle"


def test_trust_proxy__fills_no_memory(trusting: App) -> None:
    """Prefixes and hosts that a proxy passes on from its callers fill no memory."""
    from specimen.mockserver.routing.pages import api_docs

    for number in range(1_100):
        headers = {"X-Forwarded-Prefix": f"/p{number}", "X-Forwarded-Host": f"h{number}.test"}
        assert ask_raw(trusting, "GET", "/kayle/nothing", headers)[0] == 404
    for number in range(40):
        document = json.loads(ask_raw(trusting, "GET", "/_specimen/v1/openapi.json", {"X-Forwarded-Prefix": f"/p{number}"})[2])
        assert document["servers"][0]["url"] == f"/p{number}/_specimen/v1"
    assert len(trusting.places._known) <= 1_024
    assert api_docs._json.cache_info().currsize <= 32


def control(app: App, **headers: str) -> int:
    """The status of a call of the control API."""
    asked: dict[str, Any] = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask_raw(app, "GET", "/_specimen/v1/namespaces", asked)[0]


@pytest.mark.parametrize("settings", [{"root_path": "/kyc"}, {"trust_proxy": True}], ids=str)
def test_proxy__who_steers_needs_a_token(settings: dict[str, Any]) -> None:
    """Others reach a server through its proxy, so the control API asks for a token, and for the true Host."""
    app = frozen_app("kayle", **settings)
    assert app.control_token is not None
    token = f"Bearer {app.control_token}"
    assert control(app) == 401
    assert control(app, Authorization=token) == 200
    assert control(app, Authorization=token, Host="evil.test", X_Forwarded_Host="127.0.0.1:8080") == 403

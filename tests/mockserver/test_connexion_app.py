"""A vendor as a stock Connexion application: mounted, served, and compared with the mock."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import re
import socket
import subprocess
import sys
import warnings
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from starlette.applications import Starlette
from starlette.routing import Mount

from specimen import mockserver, specs
from specimen.mockserver import Pace, Settings, connexion_app
from specimen.mockserver.errors import SettingError
from specimen.mockserver.routing import connexion_stack
from specimen.specs.core.errors import SpecError
from tests import documentation, stacks
from tests.mockserver.calling import ask
from tests.serving import SECONDS, environment

# Connexion leaves the files of a form to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed file <tempfile.SpooledTemporaryFile:ResourceWarning")
KAYLE = {"Authorization": "Bearer kk_live_specimen"}
SETTINGS = Settings(now=1_773_916_266_000, freeze=True, pace=Pace("manual"))


def mounted(name: str = "kayle", at: str = "/vendors/kayle", settings: Settings = SETTINGS) -> Starlette:
    """A vendor under a path of somebody's own application."""
    return Starlette(routes=[Mount(at, app=connexion_app(name, settings))])


def test_stacks__differ_where_the_tables_say() -> None:
    """Each difference stands in docs/connexion.md with its reason, and nothing else does."""
    found, wrong = asyncio.run(stacks.blocks())
    gc.collect()  # while the filter holds
    page = documentation.pages()["docs/connexion.md"]
    assert wrong == []
    for lines in found.values():
        assert "\n" + "\n".join(lines) + "\n" in page
    assert page.count("\n| ") == sum(line.startswith("| ") for lines in found.values() for line in lines) + 5


def test_connexion_app__is_connexions_own() -> None:
    """Its class, its layers, and its validators of Draft 4 under ours."""
    app = connexion_app("kayle")
    assert type(app) is connexion_stack.AsyncApp
    stock = connexion_stack.AsyncApp("x").middleware.middlewares
    assert [layer for layer in app.middleware.middlewares if layer in stock] == stock


def test_connexion_app__links_lead_where_it_is_mounted() -> None:
    """The address of a hosted page begins with the mount, and the page is there."""
    app = mounted()
    link = ask(app, "POST", "/vendors/kayle/v1/sessions", KAYLE, json={}).json()["data"]["verification_url"]
    assert link.startswith("http://127.0.0.1:8080/vendors/kayle/_specimen/flow/")
    page = ask(app, "GET", link.removeprefix("http://127.0.0.1:8080"))
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]
    token = page.text.partition('name="token" value="')[2].partition('"')[0]
    sent = ask(app, "POST", link.removeprefix("http://127.0.0.1:8080"), data={"token": token, "do": "consent"})
    assert (sent.status_code, sent.headers["location"]) == (303, "?step=document")


def test_connexion_app__namespaces_are_apart() -> None:
    """A session of one is not found in another; the query names one as the header does."""
    app = mounted()
    first = ask(app, "POST", "/vendors/kayle/v1/sessions", {**KAYLE, "Specimen-Namespace": "one"}, json={})
    path = f"/vendors/kayle/v1/sessions/{first.json()['data']['id']}"
    assert ask(app, "GET", path, KAYLE).status_code == 404
    assert ask(app, "GET", path, {**KAYLE, "Specimen-Namespace": "one"}).status_code == 200
    assert ask(app, "GET", path + "?specimen_ns=one", KAYLE).status_code == 200


def test_connexion_app__preferences_and_their_headers() -> None:
    """What was honoured is said; the seed too."""
    prefer = {**KAYLE, "Prefer": 'scenario=cancelled, seed=7, status="cancelled"'}
    answer = ask(mounted(), "POST", "/vendors/kayle/v1/sessions", prefer, json={})
    assert answer.json()["data"]["status"] == "cancelled"
    assert answer.headers["specimen-seed"] == "7"
    assert answer.headers["specimen-scenario"] == "cancelled"
    assert answer.headers["preference-applied"] == "scenario=cancelled, seed=7, status=cancelled"


def test_connexion_app__settings_count() -> None:
    """Seed, pace, and the limits of a body."""
    one, other = (ask(mounted(settings=replace(SETTINGS, seed=seed)), "POST", "/vendors/kayle/v1/sessions",
                      KAYLE, json={}).content for seed in (1, 2))  # fmt: skip
    assert one != other
    small = mounted(settings=Settings(json_bytes=10, json_depth=2))
    refused = ask(small, "POST", "/vendors/kayle/v1/sessions", KAYLE, json={"redirect_url": "https://example.com"})
    assert refused.status_code == 413
    assert ask(small, "POST", "/vendors/kayle/v1/sessions", KAYLE, json={"a": {"b": {}}}).status_code in (400, 413)
    polled = mounted(settings=Settings(pace=Pace.parse("polls:1")))
    path = "/vendors/kayle/v1/sessions/" + ask(polled, "POST", "/vendors/kayle/v1/sessions", KAYLE, json={}).json()["data"]["id"]
    assert len({ask(polled, "GET", path, KAYLE).json()["data"]["status"] for _ in range(3)}) > 1


def test_connexion_app__a_body_without_its_length() -> None:
    """Connexion alone takes a body in chunks for none."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"redirect_url": '
        yield b'"https://example.com/done"}'

    headers = {**KAYLE, "Content-Type": "application/json"}
    answer = ask(mounted(), "POST", "/vendors/kayle/v1/sessions", headers, content=chunks())
    assert answer.json()["data"]["redirect_url"] == "https://example.com/done"


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"\xff\xfe", 400),
        ("application/json", b"[" * 100_000, 400),
        ("multipart/form-data", b"a", 415),
    ],
)
def test_connexion_app__bodies_that_connexion_stumbles_over(content_type: str, body: bytes, status: int) -> None:
    """They are refused in the vendor's form, not with a 500."""
    answer = ask(mounted(), "POST", "/vendors/kayle/v1/sessions", {**KAYLE, "Content-Type": content_type}, content=body)
    assert answer.status_code == status
    assert "error" in answer.json()


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=b"])
def test_connexion_app__forms_that_connexion_stumbles_over(content_type: str) -> None:
    """Without a boundary, and with one that is not there."""
    provider = specs.load("neurovision")
    headers = dict(next(entry.headers for entry in provider.lifecycle.credentials.values() if entry.fails is None))
    path = "/n" + provider.document.base_path + provider.document.operations[provider.lifecycle.create.operation].path
    answer = ask(mounted("neurovision", "/n"), "POST", path, {**headers, "Content-Type": content_type}, content=b"a")
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/json"


def test_connexion_app__beside_an_api_of_ones_own(tmp_path: Path) -> None:
    """The other API's paths, errors and security are Connexion's; the vendor's are the vendor's."""
    orders = {
        "openapi": "3.0.3",
        "info": {"title": "Orders", "version": "1"},
        "paths": {"/orders/{id}": {"get": {
            "operationId": f"{__name__}.order",
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "responses": {"200": {"description": "an order"}}}}},
    }  # fmt: skip
    (tmp_path / "orders.yaml").write_text(yaml.safe_dump(orders), encoding="utf-8")
    app = connexion_app("kayle", SETTINGS, base_path="/kayle/", specification_dir=tmp_path, validate_responses=True)
    app.add_api("orders.yaml", base_path="/own")
    assert ask(app, "GET", "/own/orders/7").json() == {"order": 7}
    assert ask(app, "GET", "/own/orders").headers["content-type"] == "application/problem+json"
    assert ask(app, "GET", "/nowhere").headers["content-type"] == "application/problem+json"
    assert ask(app, "GET", "/kayle/nowhere").json()["error"]["code"] == "NOT_FOUND"
    made = ask(app, "POST", "/kayle/v1/sessions", KAYLE, json={})
    assert made.status_code == 200
    assert ask(app, "GET", f"/kayle/v1/sessions/{made.json()['data']['id']}", KAYLE).status_code == 200


async def order(id: int) -> dict[str, int]:  # noqa: A002 - the parameter's name
    """Answers an operation of the API of one's own."""
    return {"order": id}


def test_connexion_app__a_lifespan_of_ones_own() -> None:
    """Alone it takes the server's events; a lifespan among the options is run."""
    seen = []

    @contextlib.asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        seen.append("started")
        yield
        seen.append("stopped")

    async def go(app: Any) -> list[str]:
        sent: list[Any] = []
        messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
        return sent

    for options in ({}, {"lifespan": lifespan}):
        assert asyncio.run(go(connexion_app("kayle", **options))) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert seen == ["started", "stopped"]


def test_connexion_app__mistakes_are_reported() -> None:
    """An unknown vendor, an unknown locale, an unknown name of the package."""
    with pytest.raises(SpecError, match="kayle"):
        connexion_app("kaile")
    with pytest.raises(SettingError, match="locale"):
        connexion_app("kayle", Settings(locale="xx"))
    with pytest.raises(AttributeError, match="conexion_app"):
        mockserver.conexion_app  # noqa: B018


def test_mockserver__import_loads_nothing() -> None:
    """The pytest plugins import the package in every run."""
    code = (
        "import sys, specimen.mockserver; print(sorted({'connexion', 'starlette', 'specimen.mockserver.app'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=SECONDS)
    assert done.stdout == "[]\n"


@contextlib.contextmanager
def uvicorn(folder: Path) -> Iterator[int]:
    """The example of docs/connexion.md, served as it says, on a free port."""
    (text,) = [
        block.text for block in documentation.blocks("python") if block.page == "docs/connexion.md" and "Mount(" in block.text
    ]
    (folder / "sandbox.py").write_text(text, encoding="utf-8")
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.set_inheritable(True)
    line = [sys.executable, "-W", "ignore", "-m", "uvicorn", "sandbox:app", "--fd", str(listening.fileno())]
    with (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(line, cwd=folder, env=environment(), stdout=log, stderr=log, pass_fds=[listening.fileno()])
    listening.listen()
    try:
        yield listening.getsockname()[1]
    finally:
        process.terminate()
        process.wait(SECONDS)
        listening.close()


@pytest.mark.skipif(os.name == "nt", reason="a socket is handed on by its number")
def test_documentation__the_example_runs(tmp_path: Path) -> None:
    """What the page's two requests ask for: a session is made, and listed."""
    page = documentation.pages()["docs/connexion.md"]
    create, listed = re.findall(r"http://127\.0\.0\.1:8000([^ ']+)", page)
    with uvicorn(tmp_path) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=SECONDS) as client:
        made = client.post(create, headers={**KAYLE, "Prefer": "scenario=succeeded"}, json={})
        rows = client.get(listed, headers=KAYLE)
    assert made.status_code == 200, (tmp_path / "log").read_text(encoding="utf-8")
    assert made.headers["specimen-scenario"] == "succeeded"
    assert [row["id"] for row in rows.json()["data"]] == [made.json()["data"]["id"]]
    assert "Traceback" not in (tmp_path / "log").read_text(encoding="utf-8")


def test_connexion__warns_of_nothing() -> None:
    """Who mounts a vendor sees no warnings of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in stacks.BUILT_IN:
            assert ask(connexion_app(name), "GET", "/nowhere").status_code == 404

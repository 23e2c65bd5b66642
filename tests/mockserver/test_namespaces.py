"""What the callers of one namespace share, and no others."""

from __future__ import annotations

import json
import re

import pytest

from specimen import specs
from specimen.mockserver.app import App
from tests.mockserver.calling import (
    NOW,
    ask,
    ask_entry,
    ask_raw,
    create_entry,
    forward,
    frozen_app,
    namespace,
    pointed,
    read_entry,
    state_of,
)

NAMES = specs.names()
KAYLE = {"Authorization": "Bearer kk_live_specimen"}


@pytest.fixture(scope="module")
def app() -> App:
    """All providers under a still clock."""
    return frozen_app()


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


@pytest.mark.parametrize("name", NAMES)
def test_namespace__links_go_by_its_clock(name: str) -> None:
    """A link of a namespace, signed or not, is good by that namespace's clock, wherever the default one is."""
    app = frozen_app(name, pace="instant")
    namespace(app, "job-1")
    forward(app, 30 * 86_400_000)
    made = ask_entry(app, create_entry(app, name), Specimen_Namespace="job-1").text
    reads = [entry for entry in app.mounted[name].table.entries() if entry["scenario"] is not None]
    texts = [made, *(ask_entry(app, entry, Specimen_Namespace="job-1").text for entry in reads)]
    links = {link for text in texts for link in re.findall(r"http://127\.0\.0\.1:8080(/[^\"]*/_specimen/[^\"]*)", text)}
    assert links
    for link in sorted(links)[:: max(1, len(links) // 20)]:
        assert ask(app, "GET", link).status_code == 200, link


def test_namespace__has_its_own_clock(app: App) -> None:
    """Moving one namespace's clock leaves the others' alone; a new one starts with the default's time."""
    fresh = frozen_app("kayle", pace="realtime")
    made = {space: ask_entry(fresh, create_entry(fresh, "kayle"), Specimen_Namespace=space) for space in ("a", "b", "default")}
    forward(fresh, 3_600_000, "a")
    states = {}
    for space, answer in made.items():
        read = read_entry(fresh, "kayle", answer.json())
        states[space] = state_of(fresh, "kayle", ask_entry(fresh, read, Specimen_Namespace=space))
    assert states == {"a": "succeeded", "b": "created", "default": "created"}
    forward(fresh, 5000)
    assert namespace(fresh, "new").clock.now() == NOW + 5000
    assert namespace(fresh, "b").clock.now() == NOW
    assert namespace(fresh, "default").clock is fresh.clock


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

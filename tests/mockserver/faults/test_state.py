"""What has become of the request where its answer is a fault: of each kind, for each vendor's calls that change something."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.client import Client
from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.preferences.faults import rules
from specimen.mockserver.preferences.faults.drifts import drifts_of
from specimen.mockserver.sessions.catalogue.scenario_requests import encoded_body
from specimen.mockserver.settings import Pace, Settings
from tests.mockserver.calling import create_entry
from tests.serving import ROOT

KYVE = {"Authorization": "Bearer ak_test_specimen"}
# Each rule, and whether the request is done.
CASES: dict[str, tuple[dict[str, Any], bool]] = {
    "delay": ({"kind": "delay", "seconds": 0.01}, True),
    "status": ({"kind": "status", "status": 503}, False),
    "status with a body": ({"kind": "status", "status": 500, "body": "no"}, False),
    "reset": ({"kind": "reset"}, False),
    "truncated_body": ({"kind": "truncated_body"}, True),
    "truncated_body from the start": ({"kind": "truncated_body", "share_sent": 0}, True),
    "malformed_json": ({"kind": "malformed_json"}, True),
    "content_type": ({"kind": "content_type"}, True),
    "slow_drip": ({"kind": "slow_drip", "seconds": 0.01}, True),
    "empty": ({"kind": "empty"}, True),
    "empty answer": ({"kind": "empty", "of": "answer"}, False),
    "stuck": ({"kind": "stuck"}, True),
    "stale": ({"kind": "stale"}, True),
    "duplicated_row": ({"kind": "duplicated_row"}, True),
    "drift": ({"kind": "drift", "drift": ""}, True),  # one of the provider's
    "script": ({"kind": "script", "answers": [503]}, True),  # of reads alone
}
OF_READS = {"script"}


def rule(case: str, provider: str) -> dict[str, Any]:
    """A case's rule for a provider."""
    found = CASES[case][0]
    return {**found, "drift": next(iter(drifts_of(specs.load(provider))))} if found["kind"] == "drift" else found


APP = build_app(Settings(providers=tuple(specs.names()), pace=Pace("manual")))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """One server for all cases; each has its namespace."""
    with running(APP) as found:
        yield found


@pytest.fixture(scope="module")
def steering(url: str) -> Iterator[Callable[[str], Client]]:
    """Clients of the control API, each in a namespace of its own."""
    with httpx.Client(timeout=30) as http:
        yield lambda namespace: Client(url, namespace=namespace, http=http)


def sent(url: str, method: str, path: str, headers: dict[str, str], **rest: Any) -> httpx.Response | None:
    """The answer, or None where the connection broke."""
    with contextlib.suppress(httpx.TransportError):
        return httpx.request(method, url + path, headers=headers, timeout=10, **rest)
    return None


def test_cases__are_all_kinds() -> None:
    """None is left out, and what is said of each is what is so here."""
    assert {one["kind"] for one, _ in CASES.values()} == set(rules.kinds())
    for one, is_done in CASES.values():
        said = rules.kinds()[one["kind"]].request
        assert said.startswith("done") == is_done or "of" in one, one


def test_docs__say_the_same() -> None:
    """The table of the page has the sentence of every kind."""
    page = (ROOT / "docs" / "control.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:-1] for line in page.splitlines() if line.startswith("| `") and line.count("|") == 4]
    said = {name.strip(" `"): row[2].strip() for row in rows for name in row[0].split(",")}
    assert {name: said.get(name) for name in rules.kinds()} == {name: kind.request for name, kind in rules.kinds().items()}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", specs.names())
def test_create__is_done_or_not(name: str, case: str, url: str, steering: Callable[[str], Client]) -> None:
    """Of each vendor: where the request is done, the session is there."""
    client = steering(f"create-{name}-{list(CASES).index(case)}")
    client.set_faults([rule(case, name)])
    entry = create_entry(APP, name)
    body, content_type = encoded_body(entry["body"])
    headers = {**entry["headers"], "Content-Type": content_type or "application/json", "Specimen-Namespace": client.namespace}
    sent(url, entry["method"], entry["path"], headers, content=body)
    assert len(client.sessions()) == CASES[case][1]


@pytest.mark.parametrize("case", CASES)
def test_retry__with_the_same_key(case: str, url: str, steering: Callable[[str], Client]) -> None:
    """What was done is answered in full; what was not, is done now. There is one session, either way."""
    client = steering(f"retry-{list(CASES).index(case)}")
    headers = {**KYVE, "Specimen-Namespace": client.namespace, "Idempotency-Key": "one"}
    client.set_faults([{**rule(case, "kyve"), "match": {"operation": "createSession", "count": 1}}])
    sent(url, "POST", "/kyve/v1/sessions", headers, json={})
    before = [one.id for one in client.sessions()]
    again = sent(url, "POST", "/kyve/v1/sessions", headers, json={})
    assert again is not None
    assert again.status_code == 201
    assert [one.id for one in client.sessions()] == [again.json()["id"]] == (before or [again.json()["id"]])


@pytest.mark.parametrize("case", CASES)
def test_change__of_a_session_is_done_or_not(case: str, url: str, steering: Callable[[str], Client]) -> None:
    """A cancellation, seen by the control API once the faults are gone."""
    client = steering(f"cancel-{list(CASES).index(case)}")
    session = client.create("kyve").id
    client.set_faults([rule(case, "kyve")])
    sent(url, "POST", f"/kyve/v1/sessions/{session}/cancel", {**KYVE, "Specimen-Namespace": client.namespace}, json={})
    client.clear_faults()
    assert client.session("kyve", session).state == ("canceled" if CASES[case][1] else "created")


@pytest.mark.parametrize("case", CASES)
def test_read__under_polls_counts_or_not(case: str, url: str, steering: Callable[[str], Client]) -> None:
    """A read whose answer is broken has moved the session as any other; one that is not done has not."""
    client = steering(f"polls-{list(CASES).index(case)}")
    client.settings(pace="polls:1")
    session = client.create("kyve", scenario="completed").id
    client.set_faults([rule(case, "kyve")])
    sent(url, "GET", f"/kyve/v1/sessions/{session}", {**KYVE, "Specimen-Namespace": client.namespace})
    client.clear_faults()
    is_done = CASES[case][1] and case not in OF_READS
    assert (client.session("kyve", session).state != "created") == is_done


def test_delay__whose_caller_leaves(url: str, steering: Callable[[str], Client]) -> None:
    """The request is done when its time has come; a retry under its key gets the answer of that session."""
    client = steering("left")
    headers = {**KYVE, "Specimen-Namespace": "left", "Idempotency-Key": "one"}
    client.set_faults([{"kind": "delay", "seconds": 0.3, "match": {"operation": "createSession", "count": 1}}])
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{url}/kyve/v1/sessions", headers=headers, content=json.dumps({}), timeout=0.1)
    again = httpx.post(f"{url}/kyve/v1/sessions", headers=headers, json={}, timeout=10)
    assert [one.id for one in client.sessions()] == [again.json()["id"]]

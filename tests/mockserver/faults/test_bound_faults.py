"""Magic values for faults that act on reads: bound to the session that the request creates, and to no other."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.mockserver.app import App
from specimen.mockserver.errors import InvalidPreference
from specimen.mockserver.preferences.faults.drifts import drifts_of
from specimen.mockserver.preferences.faults.magic import fault_in, magic_fault
from specimen.mockserver.preferences.faults.rules import MOST_RULES, InvalidFault, from_text
from tests.mockserver.calling import ask, ask_entry, create_entry, forward, frozen_app, read_entry, state_of
from tests.mockserver.control.steering import control
from tests.serving import ROOT, run

KYVE = {"Authorization": "Bearer ak_test_specimen"}


def made(app: App, name: str, fault: str) -> httpx.Response:
    """The answer to a create request with the magic value of a fault."""
    answer = ask_entry(app, create_entry(app, name, magic_fault(specs.load(name), fault)))
    assert answer.status_code < 300, answer.text
    return answer


def seen(app: App, name: str, answer: httpx.Response) -> Any:
    """The state that the next read of a session shows."""
    return state_of(app, name, ask_entry(app, read_entry(app, name, answer.json())))


@pytest.mark.parametrize("name", specs.names())
def test_stuck__shows_its_session_as_it_began(name: str) -> None:
    """It moves in truth; other sessions are shown as they are."""
    app = frozen_app(name, pace="realtime")
    other, stuck = ask_entry(app, create_entry(app, name)), made(app, name, "stuck")
    first = seen(app, name, stuck)
    forward(app, 86_400_000)
    assert seen(app, name, stuck) == first
    assert seen(app, name, other) != first
    control(app, "DELETE", "/faults")
    assert seen(app, name, stuck) == seen(app, name, other)


@pytest.mark.parametrize("name", specs.names())
def test_stale__shows_its_session_as_it_was(name: str) -> None:
    """A read lags behind by the seconds that the value names."""
    app = frozen_app(name, pace="realtime")
    other, stale = ask_entry(app, create_entry(app, name)), made(app, name, "stale:86400")
    forward(app, 86_400_000)
    assert seen(app, name, stale) != seen(app, name, other)
    forward(app, 86_400_000)
    assert seen(app, name, stale) == seen(app, name, other)


@pytest.mark.parametrize("name", specs.names())
def test_drift__of_a_read_changes_the_reads_of_its_session(name: str) -> None:
    """Each drift of a provider that no create request shows."""
    provider = specs.load(name)
    reads = {read.operation for read in provider.lifecycle.reads}
    of_reads = [
        one
        for one in drifts_of(provider).values()
        if provider.lifecycle.create.operation not in one.operations and not reads.isdisjoint(one.operations) and one.status < 300
    ]
    app = frozen_app(name)
    for drift in of_reads:
        control(app, "DELETE", "/faults")
        made(app, name, f"drift:{drift.rule}")
        (rule,) = control(app, "GET", "/faults").json()["faults"]
        assert (rule["kind"], rule["drift"], rule["match"]["provider"]) == ("drift", drift.rule, name)
    assert of_reads


def test_drift__is_of_every_id_by_which_the_session_is_read() -> None:
    """A drift of Kyve's verification is asked for with the session, which has another id."""
    app = frozen_app("kyve", pace="instant")
    session = made(app, "kyve", "drift:KYV-001").json()
    other = ask_entry(app, create_entry(app, "kyve")).json()
    checks = [
        ask(app, "GET", f"/kyve/v1/verifications/{one['verification_id']}", KYVE).json()["checks"] for one in (session, other)
    ]
    assert ["failed" in str(one) for one in checks] == [True, False]
    faults = [one["fault"] for one in control(app, "GET", "/requests").json()["requests"]]
    assert [one is None for one in faults] == [True, True, False, True]


@pytest.mark.parametrize("name", specs.names())
def test_script__is_of_its_session(name: str) -> None:
    """A script of answers begins with the first read; the answer that creates the session is whole."""
    app = frozen_app(name)
    state = specs.load(name).lifecycle.default.path[0]
    text = "script:503" if name == "predicate" else f"script:503+{state}"  # an address holds no more
    answer = made(app, name, text)
    entry = read_entry(app, name, answer.json())
    assert [ask_entry(app, entry).status_code for _ in range(3)] == [503, 200, 200]
    other = read_entry(app, name, ask_entry(app, create_entry(app, name)).json())
    assert ask_entry(app, other).status_code == 200


def test_bound__once_where_the_request_is_repeated() -> None:
    """Under one Idempotency-Key; another namespace has no such fault."""
    app = frozen_app("kyve")
    entry = create_entry(app, "kyve", magic_fault(specs.load("kyve"), "stuck"))
    answers = [ask_entry(app, entry, Idempotency_Key="one") for _ in range(3)]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(control(app, "GET", "/faults").json()["faults"]) == 1
    assert control(app, "GET", "/faults", Specimen_Namespace="other").json()["faults"] == []


def test_bound__with_another_fault_on_the_creation() -> None:
    """An answer that is broken has made its session; one that is refused has made none, and nothing is bound."""
    app = frozen_app("kyve")
    entry = create_entry(app, "kyve", magic_fault(specs.load("kyve"), "stuck"))
    control(app, "POST", "/faults", {"kind": "malformed_json", "match": {"count": 1}})
    assert ask_entry(app, entry).status_code == 201
    control(app, "POST", "/faults", {"kind": "status", "status": 503, "id": "no"})
    assert ask_entry(app, entry).status_code == 503
    kinds = [one["kind"] for one in control(app, "GET", "/faults").json()["faults"]]
    assert kinds == ["malformed_json", "stuck", "status"]
    control(app, "DELETE", "/faults")
    entry["headers"] = {**entry["headers"], "Authorization": "Bearer unknown"}
    assert ask_entry(app, entry).status_code == 401
    assert control(app, "GET", "/faults").json()["faults"] == []


def test_bound__no_more_than_a_namespace_may_have() -> None:
    """One too many is refused before the session is made, with what helps."""
    app = frozen_app("kyve")
    control(app, "PUT", "/faults", {"faults": [{"kind": "reset", "match": {"operation": "getSession"}}] * MOST_RULES})
    refused = ask_entry(app, create_entry(app, "kyve", magic_fault(specs.load("kyve"), "stuck")))
    assert (refused.status_code, "DELETE /_specimen/v1/faults" in refused.json()["detail"]) == (400, True)
    assert control(app, "GET", "/sessions").json()["sessions"] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [("kyve", "duplicated_row"), ("kayle", "drift:KAY-023"), ("kayle", "drift:wrong_cursor"), ("kyve", "drift:KYV-018")],
)
def test_without_effect__has_no_magic_value(name: str, text: str) -> None:
    """A fault of lists, or of a session that is not there, is refused by the request, and no value for it is made."""
    app, provider = frozen_app(name), specs.load(name)
    with pytest.raises(InvalidFault, match=r"none of which shows this fault\. Possible: "):
        magic_fault(provider, text)
    usual = magic_fault(provider, "reset")
    assert usual is not None
    refused = ask_entry(app, create_entry(app, name, usual.replace("reset", text.replace(":", "-"))))
    possible = refused.json()["possible"]
    assert (refused.status_code, text.partition(":")[2] in possible) == (400, False)
    assert {"duplicated_row": "stuck", "drift:KYV-018": "failed_without_failed_check"}.get(text, "token_in_a_read") in possible
    assert control(app, "GET", "/sessions").json()["sessions"] == []
    done = run("faults", name, "--magic", text, folder=ROOT)
    assert (done.returncode, "none of which shows this fault" in done.stderr) == (2, True)


@pytest.mark.parametrize("text", ["delay:0.3", "delay:2", "stale:0.5", "truncated_body:0.25", "slow_drip:1.5", "delay:0"])
@pytest.mark.parametrize("name", specs.names())
def test_fraction__is_read_as_it_was_written(name: str, text: str) -> None:
    """In an address, and in a value in which a dot begins what makes it unique."""
    provider = specs.load(name)
    if provider.lifecycle.magic is not None and provider.lifecycle.magic.form == "address" and len(text) > 16:
        with pytest.raises(InvalidFault, match="holds 16 characters"):
            magic_fault(provider, text)
        return
    for free in ("1", "0a", "123456789"):
        assert fault_in(f'{{"field": "{magic_fault(provider, text, free)}"}}'.encode(), provider) == from_text(text)


def test_fraction__may_stand_without_more() -> None:
    """As a person writes it; a status has none."""
    kyve = specs.load("kyve")
    for written, text in (
        ("delay-0.3", "delay:0.3"),
        ("delay-0.3.1", "delay:0.3"),
        ("delay-5.x1", "delay:5"),
        ("delay-5", "delay:5"),
        ("status-503.1", "status:503"),
    ):
        assert fault_in(f'{{"metadata": {{"specimen": "specimen.fault-{written}"}}}}'.encode(), kyve) == from_text(text)
    with pytest.raises(InvalidPreference):
        fault_in(b'{"specimen": "specimen.fault-truncated_body-2.5"}', kyve)

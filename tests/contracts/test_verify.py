"""The verdict: on our own mock, on broken ones, on somebody's production, on nobody."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

import specs
from contracts.transport import is_loopback
from contracts.verify import plan, verify
from contracts.walk import SMOKE_REQUESTS
from specs import SpecimenError
from tests.contracts.places import FOREIGN, is_home, place

NAMES = specs.names()


@pytest.mark.parametrize("seed", [0, 1, 20261121])
@pytest.mark.parametrize("name", NAMES)
def test_smoke__our_mock_holds_every_rule(name: str, seed: int) -> None:
    """No error and no note at any seed, in a hundred requests, with every state seen."""
    with place(name, seed=seed) as there:
        found = verify(there.url, name, profile="smoke", auth=there.auth, strict=True, seed=seed)
    assert [(entry.violation.rule, entry.example.curl) for entry in found.found] == []
    assert found.exit_code == 0
    assert len(there.seen) == found.requests <= SMOKE_REQUESTS
    assert found.reach.states.missed == ()
    assert found.reach.operations.missed == ()
    assert found.seconds < 10


@pytest.mark.parametrize("name", NAMES)
def test_smoke__rotating_tokens_and_unknown_fields_break_nothing(name: str) -> None:
    """A real implementation answers fields that we do not know, and another token every time."""
    turn = itertools.count()

    def grown(value: Any, told: dict[str, Any]) -> Any:
        if isinstance(value, dict):
            more = {key: grown(entry, told) for key, entry in value.items()}
            for key in ("sdk_token", "sdkToken"):
                if key in more and told["method"] == "GET":
                    more[key] = f"{more[key]}{next(turn)}"
            is_thing = told["status"] < 400 and {"id", "sessionId", "status"} & set(more)
            return {**more, "specimenExtra": 1} if is_thing else more
        return [grown(entry, told) for entry in value] if isinstance(value, list) else value

    with place(name, change=grown) as there:
        found = verify(there.url, name, profile="smoke", auth=there.auth, strict=True)
    assert [(entry.violation.rule, entry.violation.expected, entry.example.curl) for entry in found.found] == []


def test_violations__are_exit_code_1_and_beat_what_is_missing() -> None:
    """A session that shows another id than the one asked for."""

    def other_id(value: Any, told: dict[str, Any]) -> Any:
        if told["method"] == "GET" and isinstance(value.get("data"), dict):
            value["data"]["id"] = "vs_" + "b" * 64
        return value

    with place("kayle", change=other_id) as there:
        found = verify(there.url, "kayle", profile="smoke", auth=there.auth)
    assert found.exit_code == 1
    assert "KAY-015" in {entry.violation.rule for entry in found.errors}
    secret = there.auth["Authorization"].partition(" ")[2]
    assert secret not in repr(found)


def test_notes__count_in_a_strict_run_only() -> None:
    """A time of creation that changes rests on an assumption."""
    turn = itertools.count(10)

    def moving(value: Any, told: dict[str, Any]) -> Any:
        if told["method"] == "GET" and isinstance(value.get("data"), dict):
            value["data"]["created_at"] = f"2020-01-01T00:00:{next(turn) % 60:02}.000Z"
        return value

    with place("kayle", change=moving) as there:
        lenient = verify(there.url, "kayle", profile="smoke", auth=there.auth)
        strict = verify(there.url, "kayle", profile="smoke", auth=there.auth, strict=True)
    assert lenient.notes
    assert (lenient.exit_code, strict.exit_code) == (0, 1)


def test_nobody_there__is_exit_code_3() -> None:
    """A port on which nothing listens."""
    found = verify("http://127.0.0.1:9/kayle", "kayle", auth="kk")
    assert found.exit_code == 3
    assert found.unreachable
    assert found.requests == 0


def test_never_seen__is_exit_code_4() -> None:
    """A required state that no session was in; no state at all; a required operation that is not asked."""
    with place("kayle") as there:
        required = verify(there.url, "kayle", profile="smoke", auth=there.auth, driver="none", require=("failed",))
        nothing = verify(there.url, "kayle", profile="smoke", auth=there.auth, driver="none", sessions=("vs_" + "a" * 64,),
                         loopback=lambda _: False, sleep=lambda _: None)  # fmt: skip
    assert (required.exit_code, required.missing) == (4, ("failed",))
    assert (nothing.exit_code, nothing.missing) == (4, ("the state of any session",))


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"profile": "slow"}, "profile 'slow'"),
        ({"require": ("aproved",)}, "--require 'aproved'"),
        ({"sessions": ("x=1",)}, "--session 'x=…'"),
        ({"auth": "a\nb"}, "line break"),
        ({"driver": ""}, "--driver"),
    ],
)
def test_mistakes__are_told_before_anything_is_sent(more: dict[str, Any], text: str) -> None:
    """Usage errors are exceptions; the command ends with 2."""
    with place("kayle") as there:
        with pytest.raises(SpecimenError, match=text):
            verify(there.url, "kayle", **{"driver": "none", **more})
        assert there.seen == []
    with pytest.raises(SpecimenError, match="Did you mean 'kayle'"):
        verify("http://127.0.0.1:9", "kayl")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("profile", ["smoke", "ci", "nightly"])
def test_production__gets_the_plan_and_not_one_request_more(name: str, profile: str) -> None:
    """A recording server on a foreign address, all profiles: what arrives is what the dry run says."""
    with place(name) as home:
        made = verify(home.url, name, profile="smoke", auth=home.auth)
    assert made.exit_code == 0
    session = next(entry for entry in _sessions(name))
    with place(name, host=FOREIGN) as there:
        told = plan(there.url, name, profile=profile, sessions=(session,), loopback=is_home)
        found = verify(
            there.url, name, profile=profile, auth=there.auth, sessions=(session,), loopback=is_home, sleep=lambda _: None
        )
    provider = specs.load(name)
    assert told.is_production
    assert told.phases == ("walk",)
    assert [entry.method for entry in told.requests] == [entry.method for entry in there.seen]
    reads = {entry.method.upper() for entry in provider.document.operations.values() if entry.is_safe}
    for request in there.seen:
        assert request.method in reads
        assert "prefer" not in request.headers
        assert {name.lower(): value for name, value in there.auth.items()}.items() <= request.headers.items()
        assert session in request.path or session.encode() in request.body or request.method == "GET"
    assert found.requests == len(there.seen) == len(told.requests) > 0
    assert found.exit_code == 0


def _sessions(name: str):
    """Ids of our mock's catalogue: the default scenario at its end."""
    from mockserver.catalogue import Catalogue
    from mockserver.table import Table

    provider = specs.load(name)
    first = provider.lifecycle.reads[0]
    for entry in Table(provider, Catalogue(provider, 0, 0)).entries():
        if entry["scenario"] == provider.lifecycle.default.name and entry["operation"] == first.operation:
            value = (entry["body"] or {}).get("json", entry["body"]) if entry["body"] else entry["path"].rpartition("/")[2]
            yield value if isinstance(value, str) else next(iter(value.values()))


def test_production__refuses_a_driver_that_writes() -> None:
    """Prefer is for our mock."""
    with place("kayle", host=FOREIGN) as there:
        with pytest.raises(SpecimenError, match="allow-writes"):
            verify(there.url, "kayle", driver="prefer", loopback=is_home)
        assert there.seen == []


def test_allowed_host__gets_everything() -> None:
    """--allow-writes makes a foreign address one's own."""
    with place("kayle", host=FOREIGN) as there:
        found = verify(
            there.url, "kayle", profile="smoke", auth=there.auth, allow_writes=(FOREIGN,), loopback=is_home, strict=True
        )
    assert found.exit_code == 0
    assert found.reach.states.missed == ()
    assert is_loopback(FOREIGN)


def test_progress__is_told() -> None:
    """Steps by name, with a count that never falls."""
    told: list[tuple[str, int]] = []
    with place("predicate") as there:
        verify(there.url, "predicate", profile="smoke", auth=there.auth, on_progress=lambda what, sent: told.append((what, sent)))
    assert "unlawful requests" in {what for what, _ in told}
    assert [sent for _, sent in told] == sorted(sent for _, sent in told)


def test_same_seed__sends_the_same_requests() -> None:
    """Two runs against two fresh mocks: method and path of every request."""
    runs = []
    for _ in range(2):
        with place("idnow") as there:
            verify(there.url, "idnow", profile="smoke", auth=there.auth)
        runs.append([(request.method, len(request.path)) for request in there.seen])
    assert runs[0] == runs[1]

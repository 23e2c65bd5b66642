"""Schemathesis with the judge plugged in finds nothing in our mock, and the faults of a broken one."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from typing import Any

import pytest

from specimen import specs
from specimen.contracts.client.client_errors import Forbidden, Unreachable
from specimen.contracts.client.transport import Transport
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.verify import runner
from specimen.contracts.verify.runner import verify
from specimen.contracts.verify.schemathesis_document import generated_from
from specimen.contracts.verify.schemathesis_suite import fuzz
from tests.contracts.servers import FOREIGN, is_home, place
from tests.fuzzing import EXAMPLES, examples

# With the operations that a run has where no part is named.
KAYLE = specs.load("kayle").with_parts(())
pytestmark = pytest.mark.filterwarnings("ignore")  # Schemathesis warns of its own dependencies


@pytest.mark.hypothesis  # with all its examples in `make test-long`
@pytest.mark.parametrize("name", specs.names())
def test_ci__our_mock_holds_every_rule(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk over all scenarios and Schemathesis: no error, no note, every documented status and every edge."""
    assert runner.CI_EXAMPLES == EXAMPLES
    monkeypatch.setattr(runner, "CI_EXAMPLES", examples())
    with place(name) as there:
        found = verify(there.url, name, profile="ci", auth=there.auth, strict=True)
    assert [(entry.violation.rule, entry.violation.expected, entry.example.curl) for entry in found.found] == []
    assert found.exit_code == 0
    assert found.reach.statuses.missed == ()
    assert found.reach.edges.missed == ()
    assert found.requests > 300


def test_fuzz__tells_every_exchange_with_what_it_knows() -> None:
    """Credentials that are missing or made up are reported as such; paths begin at the base URL."""
    seen: list[Exchange] = []
    with place("kayle") as there:
        sender = Transport(there.url, KAYLE, headers=there.auth)
        count = fuzz(sender, seed=1, examples=1, see=seen.append)
        sender.close()
    assert count == len(seen) > 50
    assert {exchange.seen_by for exchange in seen} == {"fuzz"}
    assert all(exchange.path.startswith("/v1/") for exchange in seen if exchange.operation is not None)
    assert {exchange.operation.id for exchange in seen if exchange.operation} == set(KAYLE.document.operations)


def test_fuzz__judges_what_schemathesis_sends_for_itself() -> None:
    """After a 401 of an operation that needs no credentials it sends the same with them: whatever arrives is judged."""
    seen: list[Exchange] = []
    with place("kayle") as there:
        sender = Transport(there.url, KAYLE, headers=there.auth)
        fuzz(sender, seed=1, examples=1, see=seen.append)
        sender.close()
    # A probe of the server itself, at no path of the document, is no request of an operation.
    at_operations = [one for one in there.seen if one.path.startswith("/kayle/v1/")]
    arrived = Counter((one.method, one.path.removeprefix("/kayle"), one.body) for one in at_operations)
    judged = Counter((one.method, one.path, one.request_body) for one in seen)
    assert arrived - judged == Counter()
    token = there.auth["Authorization"]
    open_ones = [one for one in seen if one.operation is not None and not one.operation.security]
    assert [one for one in open_ones if one.request_headers.get("authorization") == token]


def test_fuzz__finds_a_mock_that_takes_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusals turned into success are found by the judge, not by checks of Schemathesis."""

    def taken(value: Any, reported: dict[str, Any]) -> Any:
        reported["status"] = 200 if reported["status"] == 400 else reported["status"]
        return value

    monkeypatch.setattr(runner, "CI_EXAMPLES", 1)
    with place("predicate", change=taken) as there:
        found = verify(there.url, "predicate", profile="ci", auth=there.auth)
    assert "GEN-015" in {entry.violation.rule for entry in found.errors}


def test_fuzz__survives_texts_that_schemathesis_cannot_read() -> None:
    """An answer may hold what looks like a URL and is none; Schemathesis 4.32 would look for links in it and end."""

    def noted(value: Any, _: dict[str, Any]) -> Any:
        if isinstance(value, dict) and "metadata" in value:
            value["metadata"] = {"note": "http://a]"}
        return value

    with place("kyve", change=noted) as there:
        sender = Transport(there.url, "kyve", headers=there.auth)
        assert fuzz(sender, seed=1, examples=1, see=lambda _: None) > 50
        sender.close()


def test_fuzz__does_not_hide_our_own_mistakes() -> None:
    """Schemathesis takes what a check raises for an error of the service; we do not."""

    def see(_: Exchange) -> None:
        raise ZeroDivisionError("ours")

    with place("kayle") as there:
        sender = Transport(there.url, KAYLE, headers=there.auth)
        with pytest.raises(ZeroDivisionError, match="ours"):
            fuzz(sender, seed=1, examples=1, see=see)
        sender.close()


def test_fuzz__says_that_the_service_is_gone() -> None:
    """A service that ends on the way is no service that keeps its contract."""
    with contextlib.ExitStack() as stack:
        there = stack.enter_context(place("kayle"))
        seen: list[Exchange] = []

        def see(exchange: Exchange) -> None:
            seen.append(exchange)
            if len(seen) == 20:
                stack.close()

        sender = Transport(there.url, KAYLE, headers=there.auth)
        with pytest.raises(Unreachable, match=r"after \d+ requests"):
            fuzz(sender, seed=1, examples=1, see=see)
        sender.close()


def test_verify__keeps_what_it_found_when_schemathesis_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's own mistake costs the rest of the run: inconclusive, and what was found stays."""
    broken = {"note": "http://a]"}

    def change(value: Any, _: dict[str, Any]) -> Any:
        return {**value, **broken} if isinstance(value, dict) and "livemode" in value else value

    monkeypatch.setattr("specimen.contracts.verify.schemathesis_suite.NO_LINKS_FROM_TEXTS", {})
    monkeypatch.setattr(runner, "CI_EXAMPLES", 1)
    with place("kyve", change) as there:
        found = verify(there.url, "kyve", profile="ci", auth=there.auth)
        assert found.exit_code == 4
        assert any("Schemathesis could not go on: ValueError" in what for what in found.incomplete)
        broken["livemode"] = "yes"
        found = verify(there.url, "kyve", profile="ci", auth=there.auth, strict=True)
    assert found.exit_code == 1
    assert "/livemode" in {entry.violation.pointer for entry in found.found}


def test_fuzz__leaves_nothing_with_schemathesis() -> None:
    """Whoever uses it in the same process finds its checks and hooks as they were."""
    from schemathesis.checks import CHECKS
    from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER

    before = GLOBAL_HOOK_DISPATCHER.get_all()
    with place("idnow") as there:
        sender = Transport(there.url, "idnow", headers=there.auth)
        assert fuzz(sender, seed=1, examples=1, see=lambda _: None) > 0
        sender.close()
    assert before == GLOBAL_HOOK_DISPATCHER.get_all()
    assert {check.__module__.partition(".")[0] for check in CHECKS.get_all()} == {"schemathesis"}


def test_fuzz__never_touches_somebodys_production() -> None:
    """Not even where somebody calls it by hand."""
    with place("kayle", host=FOREIGN) as there:
        sender = Transport(there.url, "kayle", headers=there.auth, loopback=is_home)
        with pytest.raises(Forbidden):
            fuzz(sender, seed=1, examples=1, see=lambda _: None)
        assert there.seen == []


def test_document__has_no_length_that_no_string_is_drawn_for() -> None:
    """A long `maxLength` beside patterns in `allOf` costs a minute of drawing; all else is the provider's own document."""
    for provider in (specs.load(name) for name in specs.names()):
        raw, made = provider.document.raw, generated_from(provider, "http://127.0.0.1:8080")
        assert made == {**_without_length(raw), "servers": [{"url": "http://127.0.0.1:8080"}]}
    before, after = (
        one["components"]["schemas"]["CreateSessionRequest"] for one in (KAYLE.document.raw, generated_from(KAYLE, ""))
    )
    assert before["properties"]["redirect_url"]["maxLength"] == 2048
    assert "maxLength" not in after["properties"]["redirect_url"]
    assert after["properties"]["redirect_url"]["allOf"] == before["properties"]["redirect_url"]["allOf"]


def _without_length(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_length(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    is_left_out = value.get("maxLength", 0) > 100 and '"pattern"' in json.dumps(value.get("allOf"))
    return {name: _without_length(inner) for name, inner in value.items() if name != "maxLength" or not is_left_out}

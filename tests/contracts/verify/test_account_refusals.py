"""Refusals for reasons of the caller's account: steps that are inconclusive, never violations; and the values to set."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from specimen import specs
from specimen.cli import app
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.checks.precision import shifted
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import judge
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.formats.registry import FORMATS, render
from specimen.contracts.reporting.formats.terminal_report import print_report
from specimen.contracts.requests.parameter_overrides import settable, with_values
from specimen.contracts.verify.runner import verify
from specimen.contracts.verify.verification import Run
from specimen.specs import SpecimenError
from specimen.specs.cli.console import console
from specimen.specs.core.json_pointer import at
from tests.contracts.full_walks import full_walk
from tests.contracts.golden_exchanges import Stage, changed
from tests.contracts.servers import place

UNVERIFIED = "never-verified.example"

# Credentials of our mock whose accounts may make no session, and what the report says of it.
LOCKED = {
    "kayle frozen": ("kayle", "kk_live_frozen", 410, "ORGANIZATION_FROZEN", "--token"),
    "kayle scope": ("kayle", "kk_live_read_only", 403, "FORBIDDEN", "--token"),
    "kayle limit": ("kayle", "kk_live_unverified", 429, "ORG_NOT_VERIFIED_LIMIT_EXCEEDED", "--token"),
    "kyve live mode": ("kyve", "ak_live_inactive", 403, "live_mode_not_activated", "--token"),
    "kyve role": ("kyve", "ak_test_restricted", 403, "permission_denied", "--token"),
    "kyve template": ("kyve", "ak_live_nodefault", 422, "validation_error", "--set template_id=…"),
    "idnow environment": ("idnow", "idnow-token-staging-specimen", 403, "", "--set environment=…"),
}


@pytest.mark.parametrize("case", LOCKED)
def test_account__that_may_make_nothing_is_inconclusive(case: str) -> None:
    """No violation of a conforming service: exit code 4, with the reason and what to do, in every format."""
    name, token, status, code, remedy = LOCKED[case]
    with place(name) as there:
        found = verify(there.url, name, profile="smoke", auth=token, strict=True)
    assert [(entry.violation.rule, entry.example.curl) for entry in found.found] == []
    assert found.exit_code == 4
    create = specs.load(name).lifecycle.create.operation
    assert (create, status, code) in {(entry.operation, entry.status, entry.code) for entry in found.inconclusive}
    sentence = next(text for text in found.incomplete if create in text)
    assert sentence.startswith(f"{create} was refused for reasons of the account ({status}")
    assert "so no session was made" in sentence
    assert remedy in sentence
    reported = json.loads(render(found, "json"))["inconclusive"]
    assert {"operation", "status", "code", "reason", "step", "count"} <= reported[0].keys()
    assert sum(entry["count"] for entry in reported) == sum(entry.count for entry in found.inconclusive) > 1
    cases = [one for one in ET.fromstring(render(found, "junit")).iter("testcase") if one.get("classname").endswith("account")]
    assert len(cases) == len(found.inconclusive)
    assert all(found.inconclusive[0].reason.rstrip(".") in cases[0].find("skipped").get("message") for _ in cases)
    # Markdown has a backslash before what it would read as emphasis.
    assert all(remedy in render(found, one).replace("\\_", "_") for one in FORMATS)
    screen = console(soft_wrap=True)
    with screen.capture() as capture:
        print_report(found, screen)
    assert "Inconclusive: refused for reasons of the account" in capture.get()


def test_account__that_refuses_one_value_is_reported_and_the_walk_goes_on() -> None:
    """An unverified redirect host: nothing fails, and the body is sent once more without its redirect."""
    with place("kayle") as there:
        found = verify(there.url, "kayle", profile="smoke", auth=there.auth, strict=True, values={"redirect_host": UNVERIFIED})
        sent = [json.loads(one.body) for one in there.seen if one.method == "POST" and b"share_fields" in one.body]
    assert (found.exit_code, found.found, found.missing) == (0, (), ())
    assert {entry.operation for entry in found.inconclusive} == {"createSession"}
    assert {entry.code for entry in found.inconclusive} == {"REDIRECT_URL_DOMAIN_NOT_VERIFIED"}
    assert all("--set redirect_host=…" in entry.remedy for entry in found.inconclusive)
    assert "refused for reasons of the account" in found.verdict
    refused = [body for body in sent if UNVERIFIED in str(body.get("redirect_url"))]
    assert refused
    assert {name: value for name, value in refused[0].items() if name != "redirect_url"} in sent


def test_account__that_takes_one_host_alone_needs_it_set() -> None:
    """Where only `mine.example` is verified, `--set redirect_host` makes every step conclusive."""

    def verified(value: Any, reported: dict[str, Any]) -> Any:
        if reported["method"] == "POST" and isinstance(value.get("data"), dict):
            url = value["data"].get("redirect_url")
            if url is not None and urlsplit(url).netloc != "mine.example":
                reported["status"] = 400
                error = {"code": "REDIRECT_URL_DOMAIN_NOT_VERIFIED", "message": "No.", "hint": "No.", "docs": "https://kayle.id"}
                return {"data": None, "error": error}
        return value

    with place("kayle", change=verified) as there:
        plain = verify(there.url, "kayle", profile="smoke", auth=there.auth)
        own = verify(there.url, "kayle", profile="smoke", auth=there.auth, values={"redirect_host": "mine.example"})
    assert (plain.exit_code, own.exit_code) == (0, 0)
    assert plain.inconclusive
    assert own.inconclusive == ()


@pytest.mark.parametrize("name", specs.names())
def test_mock__refuses_no_account(name: str) -> None:
    """What is asked for by name, or meant to be refused, is no step that stayed inconclusive."""
    with place(name) as there:
        found = verify(there.url, name, profile="smoke", auth=there.auth)
    assert found.inconclusive == ()


@pytest.mark.parametrize("name", specs.names())
def test_mock__refuses_no_account_in_the_whole_walk(name: str) -> None:
    """Nor is what the walk sends with credentials that are documented to be refused."""
    provider = specs.load(name)
    run = Run(provider, Collector(provider, "http://127.0.0.1:9"))
    for one in full_walk(name):
        if isinstance(one, Exchange):
            run.see(one)
    assert run.exchanges > 100
    assert run.inconclusive == ()


@pytest.mark.parametrize("name", specs.names())
def test_values__are_listed_by_a_dry_run_and_sent(name: str) -> None:
    """Each with its meaning, default and places; what is given stands in some request of the plan or the run."""
    done = CliRunner().invoke(app, ["verify", name, "--url", "http://127.0.0.1:9", "--profile", "smoke", "--dry-run"])
    provider = specs.load(name)
    assert provider.lifecycle.values
    for value in settable(provider):
        assert value.name in done.output
        assert value.meaning in done.output
        assert all(place in done.output for place in value.used_in)
        assert (value.default or "not sent") in done.output


SET = {
    "kayle": {"redirect_host": "mine.example"},
    "kyve": {"redirect_host": "mine.example", "template_id": "tpl_passportonly1"},
    "idnow": {"redirect_host": "mine.example", "flowId": "0197c55f-5af6-7e3d-af9b-f2359b154b00", "environment": "staging"},
    "predicate": {"origin_host": "mine.example", "walletAddress": "0x" + "ab" * 20},
    "neurovision": {"schemaId": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "clientKey": "mine-1"},
}


@pytest.mark.parametrize("name", SET)
def test_values__stand_in_the_requests(name: str) -> None:
    """Each value that is given is sent, and what it replaces is sent no more where a session is made."""
    defaults = {value.name: value.default for value in settable(specs.load(name))}
    with place(name) as there:
        verify(there.url, name, profile="smoke", auth=there.auth, values=SET[name])
        sent = [f"{one.path} {one.body.decode('latin-1')}" for one in there.seen]
    for key, text in SET[name].items():
        assert any(text in one for one in sent), key
        if (default := defaults[key]) is not None and key != "environment":
            assert not any(default in one for one in sent), key


def test_values__unknown_and_malformed() -> None:
    """One sentence with the possible names, and exit code 2; a host is no URL."""
    done = CliRunner().invoke(app, ["verify", "kyve", "--url", "http://127.0.0.1:9", "--set", "template=x"])
    assert done.exit_code == 2
    assert "Possible: redirect_host, lifetime, template_id, template_slug." in " ".join(done.output.split())
    with pytest.raises(SpecimenError, match="expected a host, without a scheme or a path"):
        with_values(specs.load("kayle"), {"redirect_host": "https://mine.example/x"})


@pytest.mark.parametrize(("name", "rule"), [("kyve", "KYV-005"), ("kayle", "GEN-057"), ("idnow", "GEN-057")])
def test_lifetime__of_a_deployment_can_be_set(name: str, rule: str) -> None:
    """Sessions that live for ten minutes are a violation by default, and none where the user says so."""
    known = specs.load(name)
    made = Stage(known).create()
    place = known.lifecycle.create.session.rpartition("/")[0]
    times = {key: value for key, value in at(made.response_json, place).items() if key.lower().replace("_", "").endswith("at")}
    ends, begins = (next(key for key in times if key.lower().startswith(what)) for what in ("expires", "created"))
    short = changed(made, {f"{place}/{ends}": shifted(times[begins], 600_000)})
    assert rule in {one.rule for one in judge(short, History())}
    assert not judge(replace(short, provider=with_values(known, {"lifetime": "600"})), History())
    for wrong in ("0", "ten", "-1", "1.5"):
        with pytest.raises(SpecimenError, match="expected a number of seconds, from 1 on"):
            with_values(known, {"lifetime": wrong})

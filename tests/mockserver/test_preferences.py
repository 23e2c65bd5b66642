"""The ways to ask: `Prefer`, magic values, catalogue ids; what is applied, what is refused, and what stays."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from specimen import specs
from specimen.mockserver.app import App, build_app
from specimen.mockserver.errors import InvalidPreference
from specimen.mockserver.preferences.preferences import DOCUMENTS, addresses, from_magic, magic_value, scenario_named
from specimen.mockserver.sessions.store import Space
from specimen.mockserver.settings import Pace, Settings
from specimen.mockserver.testing.in_process import completed
from tests.mockserver import dummy_provider
from tests.mockserver.calling import (
    NOW,
    ask,
    ask_entry,
    create_entry,
    forward,
    frozen_app,
    namespace,
    pointed,
    read_entry,
    state_of,
)

NAMES = specs.names()
GENERAL = ("status", "scenario", "code", "example", "seed", "delay", "pace", "locale", "document", "failure_code")
SCENARIOS = [(name, scenario) for name in NAMES for scenario in specs.load(name).lifecycle.scenarios]
EXAMPLES = [
    (name, operation.id, example, status)
    for name in NAMES
    for operation in specs.load(name).document.operations.values()
    for example, status in operation.examples()
]


@pytest.fixture(scope="module")
def app() -> App:
    """All providers, their sessions still."""
    return frozen_app(pace="instant")


def _id(app: App, name: str, answer: Any) -> str:
    found: str = pointed(answer.json(), app.mounted[name].provider.lifecycle.create.session)
    return found


def _record(app: App, name: str, answer: Any, namespace: str = "default") -> Any:
    record = completed(app.store.get(Space(namespace, name), _id(app, name, answer)))
    assert record is not None
    return record


# -- on create -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "scenario"), SCENARIOS)
def test_scenario__by_name_alias_and_magic_value(name: str, scenario: str, app: App) -> None:
    """Each scenario can be asked for by its name, its alias and a magic value, and the answers say which it is."""
    provider = app.mounted[name].provider
    found = provider.lifecycle.scenarios[scenario]
    magic = magic_value(provider, found, "ab12")
    assert magic is not None
    made = [
        ask_entry(app, create_entry(app, name), Prefer=f"scenario={scenario}"),
        ask_entry(app, create_entry(app, name), Prefer=f'scenario="{found.alias}"'),
        ask_entry(app, create_entry(app, name, magic)),
    ]
    for answer in made:
        assert answer.status_code < 300, answer.text
        assert answer.headers["specimen-scenario"] == scenario
        assert _record(app, name, answer).scenario == scenario
        assert answer.headers["specimen-seed"] == str(_record(app, name, answer).seed)
    assert made[0].headers["preference-applied"] == f"scenario={scenario}"
    assert "preference-applied" not in made[2].headers
    assert len({_id(app, name, answer) for answer in made}) == 3


@pytest.mark.parametrize("name", NAMES)
def test_scenario__nothing_preferred_is_the_happy_path(name: str, app: App) -> None:
    """Without a wish a session takes the first scenario."""
    answer = ask_entry(app, create_entry(app, name))
    assert _record(app, name, answer).scenario == next(iter(app.mounted[name].provider.lifecycle.scenarios))


@pytest.mark.parametrize("name", NAMES)
def test_status__on_create_holds_the_first_scenario_through_it(name: str) -> None:
    """`status=S` makes a session that is in S now and stays there."""
    app = frozen_app(name, pace="10x")
    lifecycle = app.mounted[name].provider.lifecycle
    for state in lifecycle.states:
        through = lifecycle.through(state)
        if through is None:
            continue
        answer = ask_entry(app, create_entry(app, name), Prefer=f"status={state}")
        assert answer.status_code < 300, answer.text
        assert answer.headers["preference-applied"] == f"status={state}"
        read = read_entry(app, name, answer.json())
        assert state_of(app, name, ask_entry(app, read)) == state
        forward(app, 30_000)
        assert state_of(app, name, ask_entry(app, read)) == state


def test_status__not_on_the_preferred_scenario(app: App) -> None:
    """A scenario and a state that it does not pass are refused together, whichever way the scenario was asked for."""
    name = "kayle"
    both = ask_entry(app, create_entry(app, name), Prefer="scenario=succeeded, status=failed")
    assert (both.status_code, both.json()["possible"]) == (400, ["created", "in_progress", "succeeded"])
    provider = app.mounted[name].provider
    magic = magic_value(provider, provider.lifecycle.scenarios["succeeded"])
    mixed = ask_entry(app, create_entry(app, name, magic), Prefer="status=failed")
    assert (mixed.status_code, mixed.json()["wish"]) == (400, "status")
    fitting = ask_entry(app, create_entry(app, name, magic), Prefer="status=in_progress")
    assert fitting.json()["data"]["status"] == "in_progress"


@pytest.mark.parametrize("name", NAMES)
def test_choice__narrows_the_facts(name: str, app: App) -> None:
    """Each of the provider's choices, and locale and document, reaches the session; each value is possible."""
    lifecycle = app.mounted[name].provider.lifecycle
    wanted: dict[str, Any] = {"locale": "ja_JP", "document": DOCUMENTS[1]}
    wanted |= {choice.name: choice.values[-1] for choice in lifecycle.choices.values()}
    for key, value in wanted.items():
        spelled = value if isinstance(value, str) else str(value).lower()
        answer = ask_entry(app, create_entry(app, name), Prefer=f'{key}="{spelled}"')
        assert answer.status_code < 300, answer.text
        record = _record(app, name, answer)
        facts = {**lifecycle.scenarios[record.scenario].facts, **record.facts}
        assert facts[key] == value, (key, facts)
        assert answer.headers["preference-applied"].startswith(f"{key}=")


@pytest.mark.parametrize("name", NAMES)
def test_seed__repeats_the_session(name: str) -> None:
    """Two sessions of one seed have the same person and the same numbers; another seed gives another."""
    app = frozen_app(name, pace="instant")
    answers = [ask_entry(app, create_entry(app, name), Prefer=f"seed={seed}") for seed in (7, 7, 8)]
    assert [answer.headers["specimen-seed"] for answer in answers] == ["7", "7", "8"]
    assert len({_id(app, name, answer) for answer in answers}) == 3
    shared_state = app.mounted[name].shared_state
    from specimen.mockserver.sessions.service import Sessions

    sessions = Sessions(shared_state, namespace(app, "default"), "http://127.0.0.1:8080/x", app.clock.now())
    found = [completed(sessions.get(_id(app, name, answer))) for answer in answers]
    people = [session.snapshot.identity for session in found if session is not None]
    assert people[0] == people[1] != people[2]
    draws = [session.snapshot.noise("x").take(8) for session in found if session is not None]
    assert draws[0] == draws[1] != draws[2]


def test_pace__of_one_session(app: App) -> None:
    """A wished pace counts for that session only."""
    slow = frozen_app("kayle", pace="instant")
    made = ask_entry(slow, create_entry(slow, "kayle"), Prefer="pace=manual")
    assert made.headers["preference-applied"] == "pace=manual"
    assert state_of(slow, "kayle", ask_entry(slow, read_entry(slow, "kayle", made.json()))) == "created"
    polled = ask_entry(slow, create_entry(slow, "kayle"), Prefer="pace=polls:1")
    read = read_entry(slow, "kayle", polled.json())
    assert [state_of(slow, "kayle", ask_entry(slow, read)) for _ in range(3)] == ["in_progress", "succeeded", "succeeded"]
    other = ask_entry(slow, create_entry(slow, "kayle"))
    assert state_of(slow, "kayle", ask_entry(slow, read_entry(slow, "kayle", other.json()))) == "succeeded"


def test_create__an_error_makes_nothing(app: App) -> None:
    """A create that was asked to fail makes no session."""
    still = frozen_app("kayle")
    for prefer in ("code=401", "example=invalid_request", "status=nonsense"):
        assert ask_entry(still, create_entry(still, "kayle"), Prefer=prefer).status_code >= 400
    assert completed(still.store.count(Space("default", "kayle"))) == 0


# -- on other calls ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_status__on_a_read_changes_this_answer_only(name: str, app: App) -> None:
    """`status=` on a read shows every state once and leaves the session as it was."""
    lifecycle = app.mounted[name].provider.lifecycle
    answer = ask_entry(app, create_entry(app, name), Prefer="pace=manual")
    read = read_entry(app, name, answer.json())
    before = _record(app, name, answer)
    for state in lifecycle.states:
        if lifecycle.through(state) is None:
            continue
        preferred = ask_entry(app, read, Prefer=f"status={state}")
        assert state_of(app, name, preferred) == state
        assert preferred.headers["preference-applied"] == f"status={state}"
        assert state_of(app, name, ask_entry(app, read)) == lifecycle.initial
    assert _record(app, name, answer) is before


@pytest.mark.parametrize("name", NAMES)
def test_scenario__on_a_read_shows_its_end(name: str, app: App) -> None:
    """`scenario=` on a read shows that scenario's last state, in this answer only."""
    read = read_entry(app, name, ask_entry(app, create_entry(app, name), Prefer="pace=manual").json())
    for scenario in app.mounted[name].provider.lifecycle.scenarios.values():
        if not app.mounted[name].provider.lifecycle.reads[0].fits(scenario.facts):
            continue
        preferred = ask_entry(app, read, Prefer=f"scenario={scenario.name}")
        assert state_of(app, name, preferred) == scenario.path[-1]
        assert preferred.headers["specimen-scenario"] == scenario.name


def test_applied__says_only_what_was_honoured(app: App) -> None:
    """`Preference-Applied` lists what changed the answer: not a seed on a read, nor a status where nothing was found."""
    made = ask_entry(app, create_entry(app, "kayle"), Prefer="seed=5, respond-async, wait=10, pace=manual")
    assert made.headers["preference-applied"] == "seed=5, pace=manual"
    read = read_entry(app, "kayle", made.json())
    assert "preference-applied" not in ask_entry(app, read, Prefer="seed=7, pace=instant").headers
    assert "preference-applied" not in ask_entry(app, read, Prefer="respond-async").headers
    missing = {**read, "path": read["path"][:-3] + "AAA"}
    answer = ask_entry(app, missing, Prefer="status=failed")
    assert answer.status_code == 404
    assert "preference-applied" not in answer.headers
    refused = ask_entry(app, {**read, "headers": {}}, Prefer="status=failed")
    assert refused.status_code == 401
    assert "preference-applied" not in refused.headers


# -- errors on demand ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "operation_id", "example", "status"), EXAMPLES)
def test_example__every_documented_answer(name: str, operation_id: str, example: str, status: int, app: App) -> None:
    """`example=` gives each named example of an operation with its status, whatever else is in the request."""
    provider = app.mounted[name].provider
    operation = provider.document.operations[operation_id]
    credential = next(entry for entry in provider.lifecycle.credentials.values() if entry.fails is None)
    answer = ask(
        app,
        operation.method.upper(),
        provider.mount + operation.path,
        {**(credential.headers if operation.security else {}), "Prefer": f"example={example}"},
    )
    assert answer.status_code == status
    assert answer.headers["preference-applied"] == f"example={example}"
    found = operation.example(example)
    assert found is not None
    assert answer.headers["content-type"].startswith(found[1])
    if found[1] == "application/json" and operation.method != "head":
        assert answer.json() == found[2]


@pytest.mark.parametrize("name", NAMES)
def test_code__first_example_of_the_status(name: str, app: App) -> None:
    """`code=` gives the first example of that status; one that is not documented is refused with the list."""
    provider = app.mounted[name].provider
    credential = next(entry for entry in provider.lifecycle.credentials.values() if entry.fails is None)
    for operation in provider.document.operations.values():
        path = provider.mount + operation.path
        headers = dict(credential.headers) if operation.security else {}
        for status in {code for _, code in operation.examples() if code >= 400}:
            answer = ask(app, operation.method.upper(), path, {**headers, "Prefer": f"code={status}"})
            first = next(example for example, code in operation.examples() if code == status)
            assert (answer.status_code, answer.json()) == (status, operation.example(first)[2])  # type: ignore[index]
        refused = ask(app, operation.method.upper(), path, {**headers, "Prefer": "code=418"})
        assert refused.status_code == 400
        assert set(refused.json()["possible"]) >= {str(code) for _, code in operation.examples()}


# -- what is not possible ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preference", GENERAL)
@pytest.mark.parametrize("value", ["nonsense", "", "9" * 30, "é"])
def test_impossible__is_400_with_what_is_possible(preference: str, value: str, app: App) -> None:
    """A wish of ours with a value that cannot be is a 400 of the mock's own that lists what can."""
    answer = ask_entry(app, create_entry(app, "kayle"), Prefer=f'{preference}="{value}"'.encode("latin-1"))  # type: ignore[arg-type]
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["wish"] in (preference, "scenario")
    assert body["possible"]
    assert body["status"] == 400
    assert "preference-applied" not in answer.headers


@pytest.mark.parametrize("value", ["-1", "60.1", "61", "1e1", "1.2345", "NaN", "٣"])
def test_impossible__delay(value: str, app: App) -> None:
    """A delay is a number of seconds from 0 to 60."""
    if value.isascii():
        assert ask_entry(app, create_entry(app, "kayle"), Prefer=f"delay={value}").status_code == 400


def test_impossible__did_you_mean(app: App) -> None:
    """The sentence offers the nearest value."""
    answer = ask_entry(app, create_entry(app, "kayle"), Prefer="scenario=succeded")
    assert answer.json()["detail"] == "scenario=succeded: not possible here. Did you mean 'succeeded'?"


def test_impossible__only_after_the_credential(app: App) -> None:
    """A caller without credentials gets 401 before anything about preferences."""
    entry = {**create_entry(app, "kayle"), "headers": {}}
    assert ask_entry(app, entry, Prefer="status=nonsense").status_code == 401
    assert ask_entry(app, entry, Prefer="example=invalid_request").status_code == 401


@pytest.mark.parametrize("prefer", ["respond-async", "return=minimal", "handling=strict", "x=y", "dynamic=true", ",", '"', "; ="])
def test_foreign__is_ignored(prefer: str, app: App) -> None:
    """Preferences that are not ours change nothing, as RFC 7240 says."""
    answer = ask_entry(app, create_entry(app, "kayle"), Prefer=prefer)
    assert answer.status_code == 200
    assert "preference-applied" not in answer.headers


def test_prefer__two_headers_are_one(app: App) -> None:
    """Two `Prefer` headers count like one with a comma."""
    entry = create_entry(app, "kayle")
    headers = [*entry["headers"].items(), ("Prefer", "status=failed"), ("Prefer", "seed=3")]
    answer = ask(app, "POST", entry["path"], headers, json={})  # type: ignore[arg-type]
    assert answer.headers["preference-applied"] == "status=failed, seed=3"
    assert answer.json()["data"]["status"] == "failed"


def test_delay__waits(app: App) -> None:
    """`delay=` holds the answer back for so many real seconds, an error on demand too."""
    for prefer in ("delay=0.05", "delay=0.05, code=401"):
        started = time.perf_counter()
        answer = ask_entry(app, create_entry(app, "kayle"), Prefer=prefer)
        assert time.perf_counter() - started >= 0.05
        assert answer.headers["preference-applied"] == prefer


# -- magic values --------------------------------------------------------------------------------------------------


def test_magic__all_three_forms_are_in_use() -> None:
    """Between them the providers use each form of a magic value."""
    forms = {specs.load(name).lifecycle.magic.form for name in NAMES if specs.load(name).lifecycle.magic}  # type: ignore[union-attr]
    assert forms == {"dotted", "query", "address"}


@pytest.mark.parametrize("name", NAMES)
def test_magic__free_text_makes_it_unique(name: str, app: App) -> None:
    """Values that differ in their free text make sessions of their own with the same scenario."""
    provider = app.mounted[name].provider
    scenario = list(provider.lifecycle.scenarios.values())[1]
    answers = [ask_entry(app, create_entry(app, name, magic_value(provider, scenario, free))) for free in ("aa1", "bb2")]
    assert {answer.headers["specimen-scenario"] for answer in answers} == {scenario.name}
    assert len({_id(app, name, answer) for answer in answers}) == 2


@pytest.mark.parametrize("name", [name for name in NAMES if specs.load(name).lifecycle.magic.form != "address"])  # type: ignore[union-attr]
def test_magic__unknown_alias(name: str, app: App) -> None:
    """The magic prefix with an alias that nobody has is a 400 that lists the scenarios; nothing is made."""
    provider = app.mounted[name].provider
    magic = magic_value(provider, provider.lifecycle.default, "1")
    assert magic is not None
    wrong = magic.replace(f"specimen.{provider.lifecycle.default.alias}", "specimen.nobody").replace(
        f"specimen={provider.lifecycle.default.alias}", "specimen=nobody"
    )
    count = completed(app.store.count(Space("default", name)))
    answer = ask_entry(app, create_entry(app, name, wrong))
    assert answer.status_code == 400, answer.text
    assert answer.json()["possible"] == list(provider.lifecycle.scenarios)
    assert completed(app.store.count(Space("default", name))) == count


@pytest.mark.parametrize("name", NAMES)
def test_magic__prefer_goes_first(name: str, app: App) -> None:
    """Where both a magic value and `Prefer: scenario=` ask, the header wins."""
    provider = app.mounted[name].provider
    first, second = list(provider.lifecycle.scenarios.values())[:2]
    answer = ask_entry(app, create_entry(app, name, magic_value(provider, first)), Prefer=f"scenario={second.name}")
    assert answer.headers["specimen-scenario"] == second.name


def test_magic__address_has_four_bytes_of_its_own() -> None:
    """No two scenarios share the prefix of their magic wallet addresses, in whatever case it is written."""
    for name in NAMES:
        provider = specs.load(name)
        assert len(addresses(provider)) == len(provider.lifecycle.scenarios)
        if provider.lifecycle.magic and provider.lifecycle.magic.form == "address":
            scenario = list(provider.lifecycle.scenarios.values())[-1]
            address = magic_value(provider, scenario, "beef")
            assert address is not None
            assert from_magic("0x" + address[2:].upper(), provider) is scenario


@pytest.mark.parametrize(
    "value", [None, 1, [], {}, "", "specimen", "specimen.", "Specimen.ok", "x.specimen.ok", "http://[", "0x12", "a" * 9999]
)
def test_magic__ordinary_values_ask_for_nothing(value: Any) -> None:
    """What has not the whole prefix is the customer's own value."""
    for name in NAMES:
        assert from_magic(value, specs.load(name)) is None


def test_magic__reading_an_unknown_one_creates_nothing(app: App) -> None:
    """Reading by a magic value that made no session finds none, and makes none."""
    name = "neurovision"
    provider = app.mounted[name].provider
    count = completed(app.store.count(Space("default", name)))
    read = next(iter(app.mounted[name].table.entries()))
    key = {**read, "body": {"clientKey": magic_value(provider, provider.lifecycle.default, "never-made")}}
    answer = ask_entry(app, key)
    assert answer.json() == {"status": "error", "message": "session not found"}
    assert completed(app.store.count(Space("default", name))) == count


def test_scenario_named__unknown() -> None:
    """The error of an unknown scenario carries the wish, the value and what is possible."""
    with pytest.raises(InvalidPreference) as raised:
        scenario_named(specs.load("kayle"), "succeded")
    assert (raised.value.name, raised.value.given) == ("scenario", "succeded")
    assert "succeeded" in raised.value.possible


# -- the table -----------------------------------------------------------------------------------------------------


def test_catalogue__same_ids_on_every_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ids of the catalogue depend on names alone: not on the seed, the clock or the pace."""
    one = build_app(Settings(now=NOW, freeze=True))
    two = build_app(Settings(seed=9, pace=Pace("instant")))
    paths = [[entry["path"] for entry in app.scenarios()["entries"]] for app in (one, two)]
    assert paths[0] == paths[1]


def test_made_up__choice_of_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A choice whose values are numbers is asked for by their JSON spelling and becomes a number."""
    dummy_provider.load(monkeypatch, tmp_path)
    app = frozen_app("atlas")
    answer = ask_entry(app, create_entry(app, "atlas"), Prefer="tries=2")
    assert answer.json()["tries"] == 2
    refused = ask_entry(app, create_entry(app, "atlas"), Prefer="tries=3")
    assert (refused.status_code, refused.json()["possible"]) == (400, ["1", "2"])


def test_prism__names_in_the_query_and_dynamic() -> None:
    """`__code`, `__example` and `dynamic` as Prism has them; a value that it has not is refused."""
    app, token = frozen_app("kayle"), {"Authorization": "Bearer kk_live_specimen"}
    unknown = "/kayle/v1/sessions/vs_" + "a" * 64
    assert ask(app, "GET", f"{unknown}?__code=500", token).status_code == 500
    assert ask(app, "GET", f"{unknown}?__example=not_found", token).status_code == 404
    assert ask(app, "POST", "/kayle/v1/sessions", {**token, "Prefer": "dynamic=true"}).status_code == 200
    refused = ask(app, "POST", "/kayle/v1/sessions", {**token, "Prefer": "dynamic=maybe"})
    assert (refused.status_code, refused.json()["possible"]) == (400, ["true", "false"])

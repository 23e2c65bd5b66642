"""Each rule says where it compares: before its findings, and on a conforming answer too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from specimen import specs
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge import general_rules
from specimen.contracts.judge.history import History
from specimen.contracts.judge.judge import examine
from specimen.contracts.judge.registry import rulebook
from specimen.contracts.judge.rule import EXAMINED, Finding
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.verify import runner
from tests.contracts.golden_exchanges import Mutant, Stage, changed, golden_lives
from tests.contracts.judge.mutants import kayle, kyve, neurovision, predicate
from tests.contracts.judge.test_implied_rules import CASES
from tests.contracts.judge.test_rules import EXTERNAL, NAMES, mutants
from tests.contracts.servers import place
from tests.test_broken_provider_files import RULE, broken, text

IMPORT = "from specimen.contracts.judge.rule import EXAMINED\n"

Make = Callable[[Stage], list[Exchange]]


def used_token(stage: Stage) -> list[Exchange]:
    """A used token that is refused, though the session is shown as succeeded."""
    first, used, read, again = kayle.token_twice(stage)
    refused = stage.ask("cancelByToken", path=again.parameters, body={"cancel_token": "x" * 48}, credential=None)
    return [first, used, read, replace(refused, request_body=again.request_body)]


def of_the_other(stage: Stage) -> list[Exchange]:
    """A session of the first organization that the second does not find."""
    first = stage.create()
    lost = stage.ask("getSession", path={"id": kayle.OTHER_ID}, intent={"credentials": "other"})
    path, headers = f"/v1/sessions/{first.response_json['data']['id']}", {**lost.request_headers, "authorization": "Bearer other"}
    return [first, replace(lost, path=path, request_headers=headers)]


def token_of_a_cancelled(stage: Stage) -> list[Exchange]:
    """A session that was cancelled by its id, and then by its token."""
    *before, last = kayle.cancelled_and_refused(stage)
    return [*before, changed(kayle.by_token(stage, before[0]), request_body=last.request_body)]


def listed_in_its_state(stage: Stage) -> list[Exchange]:
    """A verification that a list of its state shows, between two reads."""
    *before, _, last = kyve.unlisted_in_its_state(stage)
    return [*before, stage.ask("listVerifications", query={"status": "created"}), last]


def another_listed(stage: Stage) -> list[Exchange]:
    """A list of webhook endpoints without one that was deleted."""
    page, deleted = kayle.endpoint(stage)
    stage.ask("createWebhookEndpoint", body={"url": "https://shop.example/other"})
    return [page, deleted, stage.ask("listWebhookEndpoints")]


def of_two_types(stage: Stage) -> list[Exchange]:
    """A wallet of a completed session, and of a business's that was rejected later; asked for persons it is completed."""
    *before, last = predicate.of_two_sessions(stage)
    return [*before, changed(last, {"/status": "completed", "/userId": before[1].response_json["userId"]})]


def listed_and_read(stage: Stage) -> list[Exchange]:
    """A verification that a list shows, and that is read by its id."""
    stage.create()
    page = stage.ask("listVerifications")
    return [page, stage.ask("getVerification", path={"id": page.response_json["data"][0]["id"]})]


def seconds_later(stage: Stage) -> list[Exchange]:
    """A session that is read twice, each answer with its time."""
    first, second = neurovision.seconds_later(stage, "Thu, 19 Mar 2026 10:31:32 GMT")
    lives = first.response_json["secondsToLive"] - 2
    return [first, changed(second, {"/responseTime": "2026-03-19T10:31:32.000Z", "/secondsToLive": lives})]


def verified_by_one(stage: Stage) -> list[Exchange]:
    """A wallet of a completed session that is registered for a business too, and is verified."""
    *before, _ = predicate.beside_a_business(stage)
    return [*before, predicate.asked_of(stage)]


# What neither the close cases nor `smoke` shows: a provider, a rule and exchanges of which the last one examines it.
MORE: tuple[tuple[str, str, Make], ...] = (
    ("kayle", "KAY-024", used_token),
    ("kayle", "GEN-068", lambda stage: [*(found := kayle.cancelled_with_another(stage))[:4], found[2]]),
    ("kyve", "GEN-065", listed_in_its_state),
    ("kayle", "GEN-071", another_listed),
    ("kyve", "KYV-031", lambda stage: [kyve.made(stage, {"redirect_url": 42})]),
    ("kayle", "KAY-032", token_of_a_cancelled),
    ("predicate", "PRE-024", of_two_types),
    ("predicate", "PRE-025", lambda stage: [predicate.asked_twice(stage)[0]] * 2),
    ("kyve", "KYV-027", lambda stage: [kyve.missing(stage, "ver_x"), stage.ask("getSession", path={"id": "ses_x"})]),
    ("kyve", "KYV-028", lambda stage: kyve.with_token(stage, 1800)),
    ("kyve", "KYV-029", lambda stage: [kyve.with_names(stage, is_right=True)]),
    ("neurovision", "NEU-038", lambda stage: neurovision.with_a_date(stage, "31.01.1970")),
    ("kayle", "KAY-028", of_the_other),
    ("kayle", "KAY-031", lambda stage: [kayle.asked_as_optional(stage)]),
    ("neurovision", "GEN-061", seconds_later),
    ("predicate", "PRE-023", verified_by_one),
    ("kyve", "KYV-008", listed_and_read),
    ("kyve", "KYV-014", lambda stage: [kyve.both_templates(stage)]),
)


@pytest.fixture(autouse=True)
def external(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider from outside is there too."""
    monkeypatch.setenv("SPECIMEN_PATH", str(EXTERNAL))


def all_mutants() -> Iterator[pytest.param]:
    """Every mutant with the provider whose mock it changes."""
    for name, provider in (*((name, name) for name in NAMES), ("general", "veritas")):
        for mutant in mutants(name):
            yield pytest.param(provider, mutant, id=f"{mutant.rule} {mutant.what}")


def before(exchanges: list[Exchange]) -> History:
    """The history that the last exchange is judged by."""
    history = History()
    for one in exchanges[:-1]:
        history.add(one)
    return history


@pytest.mark.sample(10)
@pytest.mark.parametrize(("name", "mutant"), list(all_mutants()))
def test_mutant__is_examined_before_it_is_found(name: str, mutant: Mutant) -> None:
    """A rule says that it compares before it says what it found; the judge counts it once more where it was found."""
    provider = specs.load(name)
    exchanges = mutant.make(Stage(provider))
    last, history = exchanges[-1], before(exchanges)
    assert mutant.rule in examine(last, history).examined
    rule = rulebook(provider)[mutant.rule]
    if rule.check is not None:
        said = [*rule.check(last, history)]
        assert said[0] is EXAMINED
        assert any(isinstance(one, Finding) for one in said)


def examined(exchanges: list[Exchange]) -> set[str]:
    """The rules that conforming exchanges examine, judged in order."""
    history, found = History(), set[str]()
    for one in exchanges:
        judgement = examine(one, history)
        history.add(one)
        if not judgement.violations:
            found |= judgement.examined
    return found


def conforming(name: str) -> Iterator[set[str]]:
    """The rules that conforming exchanges of a provider examine: golden files, close cases, what precedes a mutant, smoke."""
    provider = specs.load(name)
    if name in NAMES:
        for _, reads in golden_lives(provider):
            yield examined(reads)
    for case, _, _, make in CASES:
        if case == name:
            yield examined(make(Stage(provider)))
    for mutant in mutants(name if name in NAMES else "general"):
        yield examined(mutant.make(Stage(provider))[:-1])
    if name in NAMES:
        with place(name) as at:
            report = runner.verify(at.url, provider, profile="smoke", auth=at.auth)
        assert not report.found
        yield {*report.reach.rules.seen}


def own(name: str) -> set[str]:
    """The rules of a provider that are functions."""
    general = {rule.id for rule in general_rules.RULES}
    return {rule.id for rule in rulebook(specs.load(name)).values() if rule.check is not None and rule.id not in general}


def test_rules__each_is_examined_by_a_conforming_answer() -> None:
    """So that a report says of it that it held, not only that it was broken."""
    wanted = {rule.id for rule in general_rules.RULES if rule.check is not None}
    seen: set[str] = set()
    for name in specs.names():
        wanted |= own(name)
        for found in conforming(name):
            seen |= found
    for name, rule, make in MORE:
        found = examined(make(Stage(specs.load(name))))
        assert rule in found
        seen |= found
    assert wanted <= seen, wanted - seen


REFUSED = {
    "KAY-028": ("kayle", lambda stage: [of_the_other(stage)[1]]),
    "PRE-009": ("predicate", lambda stage: [stage.ask("getStatus", path={"type": "business", "sessionId": "x"})]),
    "KAY-024": ("kayle", lambda stage: [kayle.by_token(stage, stage.create())]),
    "KYV-008": ("kyve", lambda stage: [stage.read(operation="getVerification")]),
    "GEN-019": ("kayle", lambda stage: [stage.ask("getSession", path={"id": kayle.OTHER_ID})]),
    "KAY-014": ("kayle", lambda stage: [stage.read()]),
}


@pytest.mark.parametrize("rule", REFUSED)
def test_rules__that_compare_with_what_came_before_are_not_examined_alone(rule: str) -> None:
    """Where nothing came before, no answer could have broken them."""
    name, make = REFUSED[rule]
    assert rule not in examined(make(Stage(specs.load(name))))


FINDS = "    if exchange.status == 418:\n        yield Finding('', 'another status', exchange.status)\n"
OUTSIDE = {
    "says that it compares": (f"    yield EXAMINED\n{FINDS}", {200: True, 418: True}),
    "finds only": (FINDS, {200: False, 418: True}),
    "gives a list": ("    return [EXAMINED] if exchange.status == 404 else []\n", {200: False, 404: True}),
}


@pytest.mark.parametrize("case", OUTSIDE)
def test_rule_from_outside__is_exercised_where_it_says_so_or_fires(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule of a folder on the search path that never says so counts where it was broken."""
    body, expected = OUTSIDE[case]
    source = f'{RULE}{IMPORT}@rule("VER-901", "One.", source="page")\ndef a(exchange, history):\n{body}'
    broken(tmp_path, "rules.py", text(source))
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(tmp_path))
    provider = specs.load("veritas")
    for status, is_exercised in expected.items():
        collector = Collector(provider)
        collector.judge(Exchange(provider, "GET", "/checks/x", "", {}, b"", status, {}, b"", 0))
        assert ("VER-901" in collector.reach().rules.seen) is is_exercised, status


def test_examined__what_is_not_asked_is_not_examined() -> None:
    """Of an answer that was asked for, only rules on its form are; `only` and `without` leave rules out, fired or not."""
    provider = specs.load("kayle")
    read = Stage(provider).read()
    preferred = replace(read, request_headers={**read.request_headers, "prefer": "status=succeeded"})
    assert "KAY-015" in examine(read, History()).examined
    assert "KAY-015" not in examine(preferred, History()).examined
    assert examine(replace(read, status=0, response_body=b"", failure="closed"), History()).examined == {"GEN-022"}
    for how in ({"only": frozenset({"GEN-001"})}, {"without": frozenset({"KAY-015", "GEN-005", "KAY-001"})}):
        collector = Collector(provider)
        collector.judge(read, **how)
        seen = {*collector.reach().rules.seen}
        assert "GEN-001" in seen
        assert not seen & {"KAY-015", "GEN-005"}


def test_examined__a_finding_that_is_reported_once_examines_both_rules() -> None:
    """Of an id that is missing the schema speaks; the rule on that id has looked at it all the same."""
    provider = specs.load("kayle")
    judgement = examine(changed(Stage(provider).read(), {"/data/id": None}), History())
    assert "KAY-015" not in {one.rule for one in judgement.violations}
    assert {"KAY-015", "GEN-005"} <= judgement.examined

"""The sets of broken implementations from outside: whole, spread as they say, and none of them void."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from specimen import specs
from specimen.mockserver.app import App
from tests.answer_differences import Answers, ChangedError, Do, Recorder
from tests.mockserver.calling import frozen_app
from tests.scenario_exchanges import as_request, in_process
from tests.score import scoring, table
from tests.score.__main__ import main
from tests.score.asgi import Changed
from tests.score.changes import (
    ASSUMED,
    BASES,
    CLASSES,
    FIELDS,
    IMPLIED,
    LISTS,
    REQUESTS,
    SAID,
    SHAPE,
    TIME,
    Change,
    Mutant,
)  # fmt: skip
from tests.score.runs import (
    CI,
    EIGHTH,
    FIFTH,
    FOURTH,
    HELDOUT,
    INDEPENDENT,
    NINTH,
    OUTSIDE,
    SEVENTH,
    SIXTH,
    SMOKE,
    UNSEEN,
    Outcome,
    every_mutant,
    mutants,
)  # fmt: skip
from tests.score.scoring import UNBROKEN, Job
from tests.score.variants import VARIANTS

NAMES = [name for name in specs.names() if specs.load(name).is_builtin]
ENTRIES = [(of, name, entry.name) for of in OUTSIDE for name in NAMES for entry in mutants(name, of)]
# Those of the later sets have stories of their own, which test_score_stories.py tells.
CHANGES = [entry for entry in ENTRIES if entry[0] in (INDEPENDENT, HELDOUT)]
MOST_ASSUMED = {INDEPENDENT: 6, HELDOUT: 3, UNSEEN: 3, FOURTH: 0, FIFTH: 0, SIXTH: 0, SEVENTH: 0, EIGHTH: 0, NINTH: 0}


async def idnow(do: Do) -> None:
    """Sessions made with everything and with nothing, read until their end; near misses of a token and of a path."""
    made = await do(
        "POST", "/api/v1/flows/f/live/sessions", {"state": "3f1c9a", "metadata": {"subjectId": "customer-0042-of-2027"}}
    )
    path = f"/api/v1/live/sessions/{made['sessionContext']['sessionId']}"
    await do("GET", path)
    await do("GET", path, Authorization="Basic idnow-token-specimen")
    await do("GET", path.replace("-", ""))
    await do("GET", path.replace("live", "staging"))
    flow = "/api/v1/flows/f/live/sessions"
    with_url = {"metadata": {"subjectId": "customer-43"}, "redirectUrl": "https://app.example.com/done", "state": "b"}
    made = await do("POST", flow, with_url)
    await do("GET", f"/api/v1/live/sessions/{made['sessionContext']['sessionId']}")
    await do("GET", path)
    for _ in range(2):
        await do("POST", flow, {})
    made = await do("POST", flow, {}, Prefer="scenario=accepted, pace=polls:1")
    for _ in range(4):
        await do("GET", f"/api/v1/live/sessions/{made['sessionContext']['sessionId']}")


async def kyve(do: Do) -> None:
    """The default template, a slug, keys that are used again, a cancellation, lists of two states, of two modes, in pages."""
    await do("POST", "/v1/sessions", {})
    await do("POST", "/v1/sessions", {"template_slug": "full-kyc"})
    for customer in ("a", "b"):
        await do("POST", "/v1/sessions", {"metadata": {"customer_id": customer}}, Idempotency_Key="k1")
    made = await do("POST", "/v1/sessions", {}, Idempotency_Key="k2")
    for _ in range(2):
        await do("POST", f"/v1/sessions/{made['id']}/cancel", Idempotency_Key="k3")
    await do("POST", "/v1/sessions", {}, Idempotency_Key="k2")
    for state in ("requires_review", "requires_input"):
        await do("POST", "/v1/sessions", {}, Prefer=f"status={state}")
    await do("GET", "/v1/verifications?status=requires_review")
    await do("GET", "/v1/verifications?status=requires_review&limit=50")
    await do("GET", "/v1/verifications?limit=100")
    await do("POST", "/v1/sessions", {}, Authorization="Bearer ak_live_specimen")
    await do("GET", "/v1/verifications")
    first = await do("POST", "/v1/sessions", {"metadata": {"customer_id": "c"}}, Prefer="status=requires_review")
    await do("GET", f"/v1/verifications/{first['verification_id']}")
    for order in ("d", "e"):
        made = await do("POST", "/v1/sessions", {"metadata": {"order": order}})
    await do("GET", f"/v1/sessions/{made['id']}")
    await do("GET", "/v1/verifications?status=requires_review&limit=1")
    page = await do("GET", "/v1/verifications?status=created&limit=2")
    await do("GET", f"/v1/verifications?status=created&limit=100&starting_after={page['next_cursor']}")
    await do("POST", f"/v1/sessions/{made['id']}/cancel")
    for key in ("k5", "k6", "k5"):
        await do("POST", "/v1/sessions", {}, Idempotency_Key=key)
    await do("POST", "/v1/sessions", {"metadata": {}}, Idempotency_Key="k6")
    await do("GET", "/v1/verifications?limit=100")


async def neurovision(do: Do) -> None:
    """Sessions with a clientKey, with a schema and with further images; bad requests."""
    path = "/kyc/session/status"
    picture = ("document.png", b"\x89PNG\r\n\x1a\n", "image/png")
    made = await do("POST", "/kyc/process", files=[("images", picture), ("clientKey", (None, "my-Key-1"))])
    await do("POST", path, {"sessionId": made["sessionId"]})
    await do("POST", path, {"clientKey": "my-Key-1"})
    await do("POST", path, {"clientKey": "MY-KEY-1"})
    await do("POST", path, {"clientKey": "nobody", "sessionId": made["sessionId"]})
    await do("POST", path, {"clientKey": "k" * 36})
    await do("POST", path, {"clientKey": "k" * 37})
    await do("POST", path, {"sessionId": "not-a-uuid"}, anonymous=True)
    await do("POST", path, {"clientKey": "", "sessionId": made["sessionId"]})
    await do("POST", path, {"clientKey": "ж" * 36})
    await do("POST", path, {"clientKey": "my-Key"})
    schema = ("schemaId", (None, "660e8400-e29b-41d4-a716-446655440000"))
    made = await do("POST", "/kyc/process", files=[("images", picture), schema])
    await do("POST", "/kyc/process", files=[("images", picture), ("sessionId", (None, made["sessionId"]))])
    await do("POST", path, {"sessionId": made["sessionId"]})


async def predicate(do: Do) -> None:
    """Registrations with wallets, also of one that is verified, and keys and types that are not quite right."""
    made = await do("POST", "/api/v1/register/individual", {})
    await do("GET", f"/api/v1/status/individual/{made['sessionId']}")
    await do("GET", f"/api/v1/status/Individual/{made['sessionId']}")
    await do("GET", f"/api/v1/status/individual/{made['sessionId']}", Authorization="Bearer PK_specimen")
    wallets = ["0x" + digit * 40 for digit in "12"]
    for wallet, scenario in zip(wallets, ("submitted", "rejected"), strict=True):
        await do("POST", "/api/v1/register/individual", {"walletAddress": wallet}, Prefer=f"scenario={scenario}, pace=instant")
    await do("POST", "/api/v1/verify", {"address": wallets[0]})
    await do("POST", "/api/v1/register/individual", {"walletAddress": wallets[1]})
    wallet = "0x" + "3" * 40
    await do("GET", f"/api/v1/status/person/{made['sessionId']}")
    done = {"Prefer": "scenario=completed, pace=instant"}
    made = await do("POST", "/api/v1/register/individual", {"walletAddress": wallet}, **done)
    await do("GET", f"/api/v1/status/individual/{made['sessionId']}")
    await do("GET", f"/api/v1/status/realtime/individual/{made['sessionId']}")
    for asked in ({"address": wallet}, {"address": wallet}, {"address": wallet, "type": "business"}):
        await do("POST", "/api/v1/verify", asked)
    await do("POST", "/api/v1/register/individual", {"walletAddress": wallet})
    await do("GET", f"/api/v1/status/individual/{made['sessionId']}")


async def kayle(do: Do) -> None:
    """Sessions that ask for fields and endpoints, cancellations of several kinds, lists by status, by time and in pages."""
    asked = {
        "share_fields": {"family_name": {"required": True, "reason": "We greet you"}},
        "webhook_endpoint_id": ["we_1", "we_2"],
    }
    first, second = [(await do("POST", "/v1/sessions", asked))["data"] for _ in range(2)]
    await do("GET", f"/v1/sessions/{first['id']}x")
    await do("GET", f"/v1/sessions/{first['id']}", Authorization="Bearer kk_live_specimen_")
    await do("POST", f"/v1/verify/session/{first['id']}/cancel", {"cancel_token": second["cancel_token"]})
    failed = (await do("POST", "/v1/sessions", {}, Prefer="scenario=liveness_failed, pace=instant"))["data"]
    await do("GET", f"/v1/sessions/{failed['id']}")
    await do("POST", f"/v1/sessions/{failed['id']}/cancel")
    await do("GET", f"/v1/sessions/{failed['id']}")
    await do("POST", f"/v1/verify/session/{failed['id']}/cancel", {"cancel_token": failed["cancel_token"]})
    await do("GET", f"/v1/sessions/{failed['id']}")
    await do("POST", "/v1/sessions", {}, Prefer="status=in_progress")
    await do("GET", "/v1/sessions?limit=100")
    made = (await do("POST", "/v1/sessions", {"redirect_url": "https://app.example.com/"}))["data"]
    await do("GET", f"/v1/sessions/{made['id']}")
    await do("POST", f"/v1/sessions/{made['id']}/cancel")
    await do("GET", f"/v1/sessions/{made['id']}")
    await do("GET", "/v1/sessions?status=cancelled&created_from=2100-01-01T00:00:00Z")
    count = len((await do("GET", "/v1/sessions?limit=100"))["data"])
    await do("GET", f"/v1/sessions?limit={count}")


STORIES: dict[str, Callable[[Do], Awaitable[None]]] = {
    "idnow": idnow, "kyve": kyve, "neurovision": neurovision, "predicate": predicate, "kayle": kayle,
}  # fmt: skip


async def reported(app: App, name: str, change: Change | None, expected: Answers | None) -> Answers:
    """The answers to a provider's story and to its catalogue, read twice."""
    provider = specs.load(name)
    wrapped = Changed(app, provider, change)
    async with in_process(wrapped) as client:  # type: ignore[arg-type]
        recorder = Recorder(client, provider, expected)
        await STORIES[name](recorder.do)
        entries = [entry for entry in app.mounted[name].table.entries() if "Prefer" not in entry["headers"]]
        for entry in entries * 2:
            for step in (*entry["setup"], entry):
                await recorder.send(as_request(step))
    assert wrapped.mistake is None
    return recorder.answers


@pytest.fixture(scope="module")
def unbroken() -> dict[str, Answers]:
    """What the mock answers."""
    return {name: asyncio.run(reported(frozen_app(name), name, None, None)) for name in NAMES}


def test_unbroken__is_reported_the_same_twice(unbroken: dict[str, Answers]) -> None:
    """The mock itself answers alike, so that whatever differs is the defect; the story gets what it needs."""
    for name in NAMES:
        assert asyncio.run(reported(frozen_app(name), name, None, unbroken[name])) == unbroken[name]


@pytest.mark.parametrize(("of", "name", "label"), CHANGES)
def test_defect__changes_an_answer(of: str, name: str, label: str, unbroken: dict[str, Answers]) -> None:
    """A client that sends the same requests gets another answer: no defect is void."""
    entry = next(entry for entry in mutants(name, of) if entry.name == label)
    with pytest.raises(ChangedError):
        asyncio.run(reported(frozen_app(name), name, entry.make(), unbroken[name]))


@pytest.mark.parametrize("of", OUTSIDE)
def test_set__is_spread_as_it_should_be(of: str) -> None:
    """Sixty, twelve of each provider; few of the easy classes, few that our document alone rules out."""
    entries = [entry for name in NAMES for entry in mutants(name, of)]
    assert Counter(name for known, name, _ in ENTRIES if known == of) == dict.fromkeys(NAMES, 12)
    kinds, bases = Counter(entry.kind for entry in entries), Counter(entry.basis for entry in entries)
    assert set(kinds) == set(CLASSES)
    assert set(bases) <= set(BASES)
    assert kinds[REQUESTS] + kinds[SHAPE] <= 20
    assert kinds[FIELDS] + kinds[TIME] + kinds[LISTS] >= 25
    assert bases[ASSUMED] <= MOST_ASSUMED[of]
    for entry in entries:
        assert 0 < len(entry.quote.split()) < 20, entry.name
        assert entry.broken[-1] != ".", entry.name


@pytest.mark.parametrize("name", NAMES)
def test_set__shares_no_name_with_the_rest(name: str) -> None:
    """A name stands for one mutant or variant of a provider, in whichever set, so that runs can be kept by it."""
    names = Counter(entry.name for entry in (*every_mutant(name), *VARIANTS))
    assert max(names.values()) == 1


def pair(of: str) -> tuple[Mutant, Mutant]:
    """Two defects of a set: one that the page says is wrong, one that its words imply."""
    said, implied = (next(entry for entry in mutants("idnow", of) if entry.basis == basis) for basis in (SAID, IMPLIED))
    return said, implied


def made_up(of: str) -> scoring.Results:
    """Of two defects one is found by default and one under --strict alone; a mutant of the rules' author is not found."""
    first, second = (entry.name for entry in pair(of))
    nothing = Outcome((), (), 9, 0.5)
    return {
        Job("idnow", UNBROKEN, CI, 1): nothing,
        Job("idnow", first, CI, 1): Outcome(("GEN-1",), (), 9, 0.5),
        Job("idnow", second, CI, 1): Outcome((), ("GEN-2",), 9, 0.5),
        Job("idnow", mutants("idnow")[0].name, CI, 1): nothing,
    }


def classes(of: str) -> list[str]:
    """The rows of the two defects' classes, or of the one that both are of."""
    said, implied = (entry.kind for entry in pair(of))
    if said == implied:
        return [f"| {of}, {said} | 2 | 2 · 1 |"]
    return [f"| {of}, {said} | 1 | 1 · 1 |", f"| {of}, {implied} | 1 | 1 · 0 |"]


@pytest.mark.parametrize("of", OUTSIDE)
def test_table__has_rows_of_its_own_for_a_set_from_outside(of: str) -> None:
    """By class and by basis, with --strict and without; the other sets' rows do not count them."""
    results = made_up(of)
    lines = table.markdown(results).splitlines()
    for row in (
        "| all | 1 | 0 · 0 |",
        f"| {of}, said | 1 | 1 · 1 |",
        f"| {of}, implied | 1 | 1 · 0 |",
        f"| {of}, all | 2 | 2 · 1 |",
        f"| {of}, share | | 100.0% · 50.0% |",
        *classes(of),
    ):
        assert row in lines
    assert not any(line.startswith(f"| {other}, ") for line in lines for other in OUTSIDE if other != of)
    alone = {job: outcome for job, outcome in results.items() if job.label != mutants("idnow")[0].name}
    assert "| all |" not in table.markdown(alone)
    assert of not in table.markdown({job: results[job] for job in results if not scoring.is_of(job, of)})


def test_table__keeps_the_sets_apart() -> None:
    """Runs of all sets at once have the rows of each."""
    results = {job: outcome for of in OUTSIDE for job, outcome in made_up(of).items()}
    lines = table.markdown(results).splitlines()
    for row in ("| all | 1 | 0 · 0 |", *(f"| {of}, all | 2 | 2 · 1 |" for of in OUTSIDE)):
        assert row in lines


@pytest.mark.parametrize("of", OUTSIDE)
def test_table__a_defect_that_is_not_found_is_named_with_its_basis(of: str) -> None:
    """The reader sees what the page says."""
    entry = mutants("idnow", of)[0]
    results = {Job("idnow", label, CI, 1): Outcome((), (), 9, 0.5) for label in (UNBROKEN, entry.name)}
    assert f'{entry.broken}. {entry.basis.capitalize()}: "{entry.quote}"' in table.markdown(results)


@pytest.mark.sample(1)
@pytest.mark.parametrize("of", OUTSIDE)
def test_command__runs_the_set_that_is_asked_for(of: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`--set` runs the set's mutants and the unbroken mock; without it they are not known."""
    label = mutants("idnow", of)[0].name
    given = ["--provider", "idnow", "--suite", SMOKE, "--seed", "1", "--jobs", "1", "--only", label]
    assert main([*given, "--set", of]) == 0
    text = capsys.readouterr().out
    assert f"| {of}, all | 1 |" in text
    assert "conforming variant" not in text
    with pytest.raises(SystemExit):
        main(given)
    assert f"{label}: no such mutant or variant of idnow" in capsys.readouterr().err.replace("\n", " ")

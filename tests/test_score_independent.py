"""The independent set of broken implementations: whole, spread as it says, and none of them void."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from specimen import specs
from specimen.mockserver.app import App
from tests.answer_differences import Answers, ChangedError, Do, Recorder
from tests.mockserver.calling import frozen_app
from tests.score import scoring, table
from tests.score.__main__ import main
from tests.score.asgi import Changed
from tests.score.changes import ASSUMED, BASES, CLASSES, FIELDS, LISTS, REQUESTS, SHAPE, TIME, Change
from tests.score.runs import CI, INDEPENDENT, SMOKE, Outcome, mutants
from tests.score.scoring import UNBROKEN, Job
from tests.score.variants import VARIANTS
from tests.sending import as_request, in_process

NAMES = [name for name in specs.names() if specs.load(name).is_builtin]
ENTRIES = [(name, entry.name) for name in NAMES for entry in mutants(name, INDEPENDENT)]


async def idnow(do: Do) -> None:
    """A session that is made with everything; another scheme than Bearer."""
    made = await do(
        "POST", "/api/v1/flows/f/live/sessions", {"state": "3f1c9a", "metadata": {"subjectId": "customer-0042-of-2027"}}
    )
    path = f"/api/v1/live/sessions/{made['sessionContext']['sessionId']}"
    await do("GET", path)
    await do("GET", path, Authorization="Basic idnow-token-specimen")


async def kyve(do: Do) -> None:
    """The default template, a slug, keys that are used again, lists of two states."""
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


async def neurovision(do: Do) -> None:
    """Sessions with a clientKey; bad requests."""
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


async def predicate(do: Do) -> None:
    """Registrations with wallets, and keys and types in other capitals."""
    made = await do("POST", "/api/v1/register/individual", {})
    await do("GET", f"/api/v1/status/individual/{made['sessionId']}")
    await do("GET", f"/api/v1/status/Individual/{made['sessionId']}")
    await do("GET", f"/api/v1/status/individual/{made['sessionId']}", Authorization="Bearer PK_specimen")
    wallets = ["0x" + digit * 40 for digit in "12"]
    for wallet, scenario in zip(wallets, ("submitted", "rejected"), strict=True):
        await do("POST", "/api/v1/register/individual", {"walletAddress": wallet}, Prefer=f"scenario={scenario}, pace=instant")
    await do("POST", "/api/v1/verify", {"address": wallets[0]})
    await do("POST", "/api/v1/register/individual", {"walletAddress": wallets[1]})


async def kayle(do: Do) -> None:
    """Sessions that ask for fields and endpoints, cancellations of several kinds."""
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


STORIES: dict[str, Callable[[Do], Awaitable[None]]] = {
    "idnow": idnow, "kyve": kyve, "neurovision": neurovision, "predicate": predicate, "kayle": kayle,
}  # fmt: skip


async def told(app: App, name: str, change: Change | None, expected: Answers | None) -> Answers:
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
    return {name: asyncio.run(told(frozen_app(name), name, None, None)) for name in NAMES}


def test_unbroken__is_told_the_same_twice(unbroken: dict[str, Answers]) -> None:
    """The mock itself answers alike, so that whatever differs is the defect; the story gets what it needs."""
    for name in NAMES:
        assert asyncio.run(told(frozen_app(name), name, None, unbroken[name])) == unbroken[name]


@pytest.mark.parametrize(("name", "label"), ENTRIES)
def test_defect__changes_an_answer(name: str, label: str, unbroken: dict[str, Answers]) -> None:
    """A client that sends the same requests gets another answer: no defect is void."""
    entry = next(entry for entry in mutants(name, INDEPENDENT) if entry.name == label)
    with pytest.raises(ChangedError):
        asyncio.run(told(frozen_app(name), name, entry.make(), unbroken[name]))


def test_set__is_spread_as_it_should_be() -> None:
    """Sixty, twelve of each provider; few of the easy classes, few that our document alone rules out."""
    entries = [entry for name in NAMES for entry in mutants(name, INDEPENDENT)]
    assert Counter(name for name, _ in ENTRIES) == dict.fromkeys(NAMES, 12)
    kinds, bases = Counter(entry.kind for entry in entries), Counter(entry.basis for entry in entries)
    assert set(kinds) == set(CLASSES)
    assert set(bases) <= set(BASES)
    assert kinds[REQUESTS] + kinds[SHAPE] <= 20
    assert kinds[FIELDS] + kinds[TIME] + kinds[LISTS] >= 25
    assert bases[ASSUMED] <= 6
    for entry in entries:
        assert 0 < len(entry.quote.split()) < 20, entry.name
        assert entry.broken[-1] != ".", entry.name


@pytest.mark.parametrize("name", NAMES)
def test_set__shares_no_name_with_the_rest(name: str) -> None:
    """A name stands for one mutant or variant of a provider, in whichever set, so that runs can be kept by it."""
    names = Counter(entry.name for entry in (*mutants(name), *mutants(name, INDEPENDENT), *VARIANTS))
    assert max(names.values()) == 1


def made_up() -> scoring.Results:
    """Of two defects one is found by default and one under --strict alone; a mutant of the other set is not found."""
    first, second = [entry.name for entry in mutants("idnow", INDEPENDENT) if entry.kind == REQUESTS][:2]
    nothing = Outcome((), (), 9, 0.5)
    return {
        Job("idnow", UNBROKEN, CI, 1): nothing,
        Job("idnow", first, CI, 1): Outcome(("GEN-1",), (), 9, 0.5),
        Job("idnow", second, CI, 1): Outcome((), ("GEN-2",), 9, 0.5),
        Job("idnow", mutants("idnow")[0].name, CI, 1): nothing,
    }


def test_table__has_rows_of_its_own_for_the_independent_set() -> None:
    """By class and by basis, with --strict and without; the other set's rows do not count them."""
    text = table.markdown(made_up())
    for row in (
        "| all | 1 | 0 · 0 |",
        "| independent, request validation and auth | 2 | 2 · 1 |",
        "| independent, said | 1 | 1 · 1 |",
        "| independent, implied | 1 | 1 · 0 |",
        "| independent, all | 2 | 2 · 1 |",
        "| independent, share | | 100.0% · 50.0% |",
    ):
        assert row in text.splitlines()
    alone = {job: outcome for job, outcome in made_up().items() if job.label != mutants("idnow")[0].name}
    assert "| all |" not in table.markdown(alone)
    assert "independent" not in table.markdown({job: made_up()[job] for job in made_up() if not scoring.is_of(job, INDEPENDENT)})


def test_table__a_defect_that_is_not_found_is_named_with_its_basis() -> None:
    """The reader sees what the page says."""
    entry = mutants("idnow", INDEPENDENT)[0]
    results = {Job("idnow", label, CI, 1): Outcome((), (), 9, 0.5) for label in (UNBROKEN, entry.name)}
    assert f'{entry.broken}. Said: "{entry.quote}"' in table.markdown(results)


def test_command__runs_the_set_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """`--set independent` runs its mutants and the unbroken mock; without it they are not known."""
    label = mutants("idnow", INDEPENDENT)[0].name
    given = ["--provider", "idnow", "--suite", SMOKE, "--seed", "1", "--jobs", "1", "--only", label]
    assert main([*given, "--set", "independent"]) == 0
    text = capsys.readouterr().out
    assert "| independent, all | 1 |" in text
    assert "lawful variant" not in text
    with pytest.raises(SystemExit):
        main(given)
    assert f"{label}: no such mutant or variant of idnow" in capsys.readouterr().err.replace("\n", " ")

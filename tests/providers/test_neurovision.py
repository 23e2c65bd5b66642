"""Neuro-Vision: its rules, its payloads in every scenario, its two operations over HTTP."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest

from specimen import specs
from specimen.fixtures.primitives.timelines import plan
from specimen.fixtures.recipes import neurovision as recipe
from specimen.fixtures.recipes import neurovision_document, neurovision_face
from specimen.fixtures.recipes.recipe import SessionSnapshot, settle
from specimen.mockserver.app import App, build_app
from specimen.mockserver.settings import Pace, Settings
from specimen.specs.loading.schemas import Schemas
from tests.mockserver.calling import forward

NEUROVISION = specs.load("neurovision")
LIFECYCLE = NEUROVISION.lifecycle
NOW = 1_773_916_266_000  # 2026-03-19T10:31:06Z
SESSION_ID = "550e8400-e29b-11d4-a716-446655440000"
UNKNOWN_ID = "550e8400-e29b-11d4-a716-4466554400ff"
SCENARIOS = sorted(LIFECYCLE.scenarios)
JWT = dict(LIFECYCLE.credentials["jwt"].headers)
API_TOKEN: str = LIFECYCLE.credentials["api_token"].facts["body_token"]
VENDOR: dict[str, Any] = NEUROVISION.document.operations["getSessionStatus"].example("success")[2]  # type: ignore[index]
PICTURE = ("document.png", b"\x89PNG\r\n\x1a\n", "image/png")
Json = Any


def moments(scenario: str, seed: int = 7, **facts: Any) -> Iterator[SessionSnapshot]:
    """A session of a scenario in each of its states."""
    found = LIFECYCLE.scenarios[scenario]
    events = plan(LIFECYCLE, found.path, NOW)
    for index, event in enumerate(events):
        yield SessionSnapshot(
            provider="neurovision",
            id=SESSION_ID,
            ids={"session": SESSION_ID, "client": "770e8400-e29b-41d4-a716-446655440000"},
            scenario=scenario,
            seed=seed,
            facts={**found.facts, **facts},
            events=events[: index + 1],
            expires_at=NOW + 1_800_000,
            now=event.at,
            origin="http://127.0.0.1:8080/neurovision",
            is_terminal=event.state in LIFECYCLE.terminal,
        )


def bodies(scenario: str, seed: int = 7, **facts: Any) -> list[Json]:
    """What a session of a scenario answers in each of its states."""
    return [settle(recipe.session(moment), moment.now) for moment in moments(scenario, seed, **facts)]


def task(body: Json, kind: str) -> Json:
    """The task of a type."""
    return next(entry for entry in body["results"] if entry["type"] == kind)


def checks(body: Json, kind: str) -> dict[str, Json]:
    """The check items of a task by caption; of a card, those of both sides, a failed one first."""
    tasks = [entry for entry in body["results"] if entry["type"] == kind]
    items = [item for entry in tasks for group in entry["checks"] for item in group["items"]]
    found: dict[str, Json] = {}
    for item in sorted(items, key=lambda item: item["status"] != "failed"):
        found.setdefault(item["caption"], item)
    return found


def document_sides(body: Json) -> int:
    """How many document tasks a session has."""
    return sum(entry["type"] == "document" for entry in body["results"])


def broken(body: Json, schemas: Schemas) -> set[str]:
    """The ids of the rules that an answer breaks; `schema` for what breaks the plain schema."""
    errors = schemas.validator("/components/schemas/SessionAnswer").iter_errors(body)
    return {(schemas.rule_title(error) or "schema").partition(" ")[0] for error in errors}


# -- rules --------------------------------------------------------------------------------------------------------


def changed(change: Callable[[Json], Any], **session: Any) -> Json:
    """The vendor's example with something broken; `change` gets the copy."""
    body = {**copy.deepcopy(VENDOR), **session}
    change(body)
    return body


@pytest.mark.parametrize("kind", ["address_proof", "liveness"])
def test_contract__tolerates_what_real_captures_show(kind: str) -> None:
    """Further task types, null startedAt and empty histories on selfies, and added fields break nothing."""
    body = changed(lambda b: b["results"].append({"type": kind, "status": "success", "more": 1}), added=True)
    task(body, "selfie").update(startedAt=None, history=[])
    assert broken(body, NEUROVISION.schemas) == set()


# -- payloads -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_payload__holds_the_contract_in_every_state(scenario: str) -> None:
    """200 people per scenario: schema and rules hold, and so do the sums, orders and closed lists no schema states."""
    schemas = NEUROVISION.strict_schemas
    known = {"document": set(neurovision_document.CAPTIONS), "selfie": set(neurovision_face.CAPTIONS)}
    for seed in range(200):
        for body in bodies(scenario, seed):
            assert broken(body, schemas) == set()
            assert body["spent"] >= sum(entry["spent"] for entry in body["results"])
            for entry in body["results"]:
                sure = [item["confidence"] for group in entry["checks"] for item in group["items"] if "confidence" in item]
                assert all(0.001 <= value <= 1 and len(str(value)) <= len("0.816") for value in sure)
                captions = {item["caption"] for group in entry["checks"] for item in group["items"]}
                if entry["type"] in known:
                    is_front = entry["type"] == "document" and document_sides(body) == 2 and not entry["isBackSide"]
                    assert captions in (set(), known[entry["type"]] - ({"isMRZValid"} if is_front else set()))
                if entry["type"] == "document":
                    starts = [old["startedAt"] for old in entry["history"]] + [entry["startedAt"] or body["createdAt"]]
                    assert body["createdAt"] <= min(starts)
                    assert sorted(starts) == starts
                    assert max(starts) <= body["responseTime"]
                    assert len(entry["history"]) == max(0, entry["tries"] - 1)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_payload__what_a_session_drew_stays(scenario: str) -> None:
    """The contacts in every state; a task that is done, to the end of its checks and times; the same again for the same seed."""
    for seed in range(20):
        states = bodies(scenario, seed, contacts=("email", "wallet"))
        assert states == bodies(scenario, seed, contacts=("email", "wallet"))
        assert len({(body.pop("email"), body.pop("wallet")) for body in states}) == 1
        assert states == bodies(scenario, seed, contacts=())
        for before, after in pairwise(states):
            for entry in before["results"]:
                if entry["status"] in ("success", "failed"):
                    assert entry in after["results"]


def test_payload__sessions_draw_apart() -> None:
    """Another seed gives other times, confidences, faces and another wallet."""
    drawn = [bodies("success", seed, contacts=("wallet",))[-1] for seed in range(30)]
    for look in (
        lambda body: body["wallet"],
        lambda body: task(body, "document")["spent"],
        lambda body: task(body, "selfie")["spent"],
        lambda body: tuple(item.get("confidence") for item in checks(body, "document").values()),
        lambda body: tuple(item.get("confidence") for item in checks(body, "selfie").values()),
        lambda body: tuple(item["value"] for item in checks(body, "faces").values()),
    ):
        assert len(set(map(look, drawn))) > 20


def test_confidence__covers_what_the_page_shows() -> None:
    """1, the page's 0.938 and its 0.001 stand beside successes; a failed check is sure in one session and unsure in another."""
    seen: dict[str, set[float]] = {"success": set(), "failed": set()}
    for scenario in ("success", "document_is_edited_failed"):
        for seed in range(400):
            for item in checks(bodies(scenario, seed)[-1], "document").values():
                seen[item["status"]].add(item["confidence"])
    assert {1, 0.938, 0.001} <= seen["success"]
    assert min(seen["failed"]) < 0.25
    assert max(seen["failed"]) > 0.9
    # An integer, as on the page: a client that expects a fraction must read it.
    assert "int" in {type(value).__name__ for value in seen["success"]}


@pytest.mark.parametrize("locale", ["de_DE", "fr_FR", "en_US", "ru_RU", "ja_JP"])
@pytest.mark.parametrize("kind", ["passport", "id_card"])
def test_sides__a_card_has_a_back_with_its_zone(locale: str, kind: str) -> None:
    """A two-sided card is two document tasks, its zone on the back; a booklet is one task with the zone."""
    for body in bodies("success", locale=locale, document=kind):
        tasks = [entry for entry in body["results"] if entry["type"] == "document"]
        is_card = kind == "id_card" and locale not in ("ru_RU", "ja_JP")
        assert [entry["isBackSide"] for entry in tasks] == ([False, True] if is_card else [False])
        for entry in tasks:
            zone = [field["title"] for field in entry["ocr"]["fields"] if field["title"].startswith("MRZ")]
            assert bool(zone) == (entry["status"] == "success" and entry is tasks[-1])


def test_sides__only_the_zone_fails_on_the_back() -> None:
    """A wrong zone fails the back of a card and nothing else; any other check fails its front."""
    for check, failed in (("isMRZValid", [False, True]), ("isPrinted", [True, False]), ("isLogicalMismatch", [True, False])):
        body = bodies("face_mismatch", failing_check=f"document.{check}", document="id_card", locale="de_DE")[-1]
        assert [entry["status"] == "failed" for entry in body["results"] if entry["type"] == "document"] == failed


@pytest.mark.parametrize(
    ("locale", "kind", "words"),
    [("ru_RU", "id_card", "Domestic passport"), ("ru_RU", "passport", "Passport"), ("de_DE", "id_card", "Identity card")],
)
def test_with_doc__is_the_name_of_the_document(locale: str, kind: str, words: str) -> None:
    """The selfie's documents are called as the document is, without the years."""
    entry = task(bodies("success", locale=locale, document=kind)[-1], "selfie")
    assert entry["withDoc"] == [words]
    assert entry["docName"].startswith(words)


def test_captions__are_the_documented_ones() -> None:
    """The mock's 16 and 7 fraud checks are those that the document names."""
    found = NEUROVISION.document.raw["components"]["schemas"]
    for schema, captions in (
        ("DocumentTask", neurovision_document.CAPTIONS),
        ("SelfieTask", neurovision_face.CAPTIONS),
    ):
        assert tuple(found[schema]["properties"]["checks"]["x-known-captions"]) == captions
    assert (len(neurovision_document.CAPTIONS), len(neurovision_face.CAPTIONS)) == (16, 7)


@pytest.mark.parametrize("kind", ["document", "selfie"])
def test_failing_check__has_a_scenario_and_fails_alone(kind: str) -> None:
    """Every fraud check fails in some scenario, and there nothing else does."""
    captions = {"document": neurovision_document.CAPTIONS, "selfie": neurovision_face.CAPTIONS}[kind]
    seen = set()
    for scenario in SCENARIOS:
        wanted, _, check = str(LIFECYCLE.scenarios[scenario].facts.get("failing_check", "")).partition(".")
        if wanted == kind and check in captions:
            body = bodies(scenario)[-1]
            assert [name for name, item in checks(body, kind).items() if item["status"] != "success"] == [check]
            assert [entry["type"] for entry in body["results"] if entry["status"] == "failed"] == [kind]
            seen.add(check)
    assert seen == set(captions)


def test_failing_check__is_true_of_what_is_shown() -> None:
    """A wrong zone has a wrong digit, a logical mismatch two birth dates, an age or gender mismatch the values for it."""
    passport = {"document": "passport"}
    good = {field["title"]: field["value"] for field in task(bodies("success", **passport)[-1], "document")["ocr"]["fields"]}
    zone = bodies("success", failing_check="document.isMRZValid", **passport)[-1]
    assert task(zone, "document")["ocr"]["fields"][-1]["value"] == good["MRZ line 2"]  # a success fails nothing
    for check, title in (("isMRZValid", "MRZ line 2"), ("isLogicalMismatch", "Date of birth")):
        body = bodies("face_mismatch", failing_check=f"document.{check}", **passport)[-1]
        read = {field["title"]: field["value"] for field in task(body, "document")["ocr"]["fields"]}
        assert [name for name in good if read[name] != good[name]] == [title]
    for seed in range(50):
        person = next(moments("success", seed)).identity
        assert checks(bodies("success", seed)[-1], "selfie")["isAgeMismatch"]["value"] <= neurovision_face.MOST_YEARS
        assert checks(bodies("success", seed)[-1], "selfie")["isGenderMismatch"]["value"][0].upper() == person.sex
        older = checks(bodies("selfie_is_age_mismatch_failed", seed)[-1], "selfie")["isAgeMismatch"]
        other = checks(bodies("selfie_is_gender_mismatch_failed", seed)[-1], "selfie")["isGenderMismatch"]
        assert older["value"] > neurovision_face.MOST_YEARS
        assert other["value"][0].upper() != person.sex


def test_text__is_the_identitys() -> None:
    """Names in both scripts and in capitals, dates as dd.mm.yyyy and the zone come from the session's one person."""
    *_, moment = moments("success", locale="ru_RU", document="passport")
    person = moment.identity
    entry = task(settle(recipe.session(moment), moment.now), "document")
    read = {field["title"]: field["value"] for field in entry["ocr"]["fields"]}
    assert read["Surname (national)"] == person.family_name.upper()
    assert read["Given name(s) (national)"] == f"{person.given_names} {person.patronymic}".upper()
    assert read["Surname"] == person.family_name_latin.upper()
    assert datetime.strptime(read["Date of birth"], "%d.%m.%Y").date() == person.birth_date  # noqa: DTZ007 - a date only
    assert (read["MRZ line 1"], read["MRZ line 2"]) == person.document.mrz
    assert (entry["docName"], entry["countryCode"]) == (person.document.title, "RUS")


def test_scenarios__show_each_documented_form() -> None:
    """Both forms of withDoc, item values as number, text and none, clients new, back and unknown, fields absent."""
    ends = {scenario: bodies(scenario)[-1] for scenario in SCENARIOS}
    assert {type(task(body, "selfie")["withDoc"]) for body in ends.values() if len(body["results"]) > 1} == {list, str}
    assert {type(item.get("value")) for item in checks(ends["success"], "selfie").values()} == {int, str, type(None)}
    assert [entry.get("isBackSide") for entry in ends["id_card"]["results"][:2]] == [False, True]
    assert ends["client_without_id"]["clientId"] == ""
    assert not ends["repeat_client"]["isClientNew"]
    assert {"email", "wallet"} <= ends["success"].keys()
    assert not {"email", "wallet"} & ends["id_card"].keys()
    assert ends["exception"]["errors"]
    assert task(ends["document_unknown_type"], "document")["errors"] == ["[document] unknown document type"]
    assert {len(task(ends[name], "document")["history"]) for name in ("document_retries", "document_retries_failed")} == {2}
    assert list(dict.fromkeys(entry["type"] for entry in ends["success"]["results"])) == ["document", "selfie", "faces"]
    assert {ends[name]["secondsToLive"] for name in ("expired_from_idle", "expired_from_processing")} == {0}


@pytest.mark.parametrize("tasks", LIFECYCLE.choices["tasks"].values)
@pytest.mark.parametrize("check", LIFECYCLE.choices["failing_check"].values)
def test_choices__any_combination_is_coherent(check: str, tasks: str) -> None:
    """A check that is asked for in a session without its task is replaced by one that it has."""
    for scenario in ("success", "face_mismatch", "document_retries_failed"):
        for body in bodies(scenario, failing_check=check, tasks=tasks, tries=2, images=5, ocr=False):
            assert broken(body, NEUROVISION.strict_schemas) == set()


def test_identity__stays_through_all_phases() -> None:
    """What must not change between reads does not, and a finished document stays as it is."""
    first, second, last = bodies("success")
    for name in ("sessionId", "createdAt", "schemaId", "clientId", "isClientNew", "email", "wallet"):
        assert first[name] == second[name] == last[name]
    assert task(second, "document") == task(last, "document")


# -- over HTTP ----------------------------------------------------------------------------------------------------


class Caller:
    """Sends requests to an application in process."""

    def __init__(self, pace: str = "manual") -> None:
        self.app: App = build_app(Settings(providers=("neurovision",), now=NOW, freeze=True, pace=Pace.parse(pace)))

    def post(self, path: str, headers: Mapping[str, str] = JWT, **rest: Any) -> httpx.Response:
        """The answer to a POST below `/kyc/`."""

        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
                return await client.post(f"/neurovision/v1/kyc/{path}", headers=headers, **rest)

        return asyncio.run(go())

    def process(self, fields: Mapping[str, str], headers: Mapping[str, str] = JWT, images: int = 2) -> httpx.Response:
        """The answer to `processImages` with so many image files and these fields."""
        return self.post("process", headers, files=[("images", PICTURE)] * images, data=fields)

    def create(self, prefer: str = "", images: int = 2, **fields: str) -> Json:
        """The session that `processImages` answers; `prefer` is a wish."""
        answer = self.process(fields, {**JWT, "Prefer": prefer} if prefer else JWT, images)
        assert answer.status_code == 200, answer.text
        assert broken(answer.json(), NEUROVISION.strict_schemas) == set()
        return answer.json()

    def status(self, body: Json, headers: Mapping[str, str] = JWT) -> httpx.Response:
        """The answer to `getSessionStatus`."""
        return self.post("session/status", headers, json=body)

    def read(self, **body: str) -> Json:
        """The session that `getSessionStatus` answers."""
        answer = self.status(body)
        assert answer.status_code == 200, answer.text
        assert broken(answer.json(), NEUROVISION.strict_schemas) == set()
        return answer.json()


@pytest.fixture
def call() -> Caller:
    """A mock whose sessions stay where they are."""
    return Caller()


def test_process__makes_a_session_that_both_names_read(call: Caller) -> None:
    """Images in, a session out; it is read by its id, in capitals too, and by the client's key."""
    made = call.create(clientKey="order-1", schemaId="660e8400-e29b-41d4-a716-446655440000")
    assert (made["status"], made["clientKey"], made["schemaId"][:8]) == ("idle", "order-1", "660e8400")
    assert call.read(sessionId=made["sessionId"]) == call.read(sessionId=made["sessionId"].upper()) == made
    assert call.read(clientKey="order-1") == made


def test_status__the_clients_key_wins_and_its_newest_session_is_meant(call: Caller) -> None:
    """Both names sent: the key decides. Two sessions of one key: the newer, even when the older one moves on."""
    other, old, new = call.create(), call.create(clientKey="k"), call.create(clientKey="k")
    assert call.read(sessionId=other["sessionId"], clientKey="k")["sessionId"] == new["sessionId"]
    assert not new["isClientNew"]
    assert new["clientId"] == old["clientId"]
    call.create(sessionId=old["sessionId"])
    assert call.read(clientKey="k")["sessionId"] == new["sessionId"]


def test_process__goes_on_with_a_session(call: Caller) -> None:
    """A session that waits starts when it gets images; a wish for one answer moves nothing; an ended one stays."""
    made = call.create()
    assert call.create("status=success", sessionId=made["sessionId"])["status"] == "success"
    assert call.read(sessionId=made["sessionId"])["status"] == "idle"
    assert call.create(sessionId=made["sessionId"])["status"] == "processing"
    assert call.read(sessionId=made["sessionId"])["status"] == "processing"
    ended = call.create("status=failed")
    assert call.create(sessionId=ended["sessionId"])["status"] == "failed"
    assert call.process({"sessionId": UNKNOWN_ID}).json() == {"status": "error", "message": "session not found"}


def test_process__its_own_pace_is_not_disturbed() -> None:
    """Images for a session that moves by itself leave it on its way."""
    call = Caller("10x")
    made = call.create()
    call.create(sessionId=made["sessionId"])
    forward(call.app, 60_000)
    assert call.read(sessionId=made["sessionId"])["status"] == "success"


def test_process__fields_are_honoured(call: Caller) -> None:
    """ocr=false reads no text; three images are two pages and a selfie; both modes answer at once."""
    body = call.create("status=success", images=3, ocr="false", mode="async")
    assert task(body, "document")["ocr"] == {"status": "idle", "fields": []}
    pages = [link for entry in body["results"] if entry["type"] == "document" for link in entry["images"]]
    assert (len(set(pages)), len(task(body, "selfie")["images"])) == (2, 1)
    assert call.create("status=success", mode="sync")["status"] == "success"


@pytest.mark.parametrize(
    "fields",
    [{"mode": "later"}, {"ocr": "maybe"}, {"clientKey": ""}, {"clientKey": "x" * 37}, {"schemaId": "x"}, {"sessionId": "x"}],
)
def test_process__bad_fields_are_invalid_schema(call: Caller, fields: dict[str, str]) -> None:
    """A field of the wrong form is named in the details; missing images are refused, and so are images that are no files."""
    answer = call.process(fields)
    assert (answer.status_code, answer.json()["message"]) == (400, "invalid schema")
    assert answer.json()["details"][0]["path"] == next(iter(fields))
    for files in ([("other", PICTURE)], [("images", (None, b"text"))]):
        assert call.post("process", files=files).json()["message"] == "invalid schema"


@pytest.mark.parametrize(
    "session_id",
    [
        "not-a-uuid",
        "550e8400-e29b-41d4-a716-446655440000",  # the page's own: version 4
        f"{{{SESSION_ID}}}",
        f"urn:uuid:{SESSION_ID}",
        f"{SESSION_ID}\n",
        f" {SESSION_ID}",
        SESSION_ID.replace("-", ""),
        None,
        7,
    ],
)
def test_status__a_malformed_id_is_invalid_schema(call: Caller, session_id: Json) -> None:
    """Only a plain version 1 UUID will do, beside a good clientKey too; the details say what came and where."""
    for more in ({}, {"clientKey": "k"}):
        answer = call.status({"sessionId": session_id, **more})
        (detail,) = answer.json()["details"]
        assert answer.status_code == 400
        assert (detail["actual"], detail["path"]) == (session_id, "sessionId")
        assert isinstance(detail["expected"], dict)


def test_status__refusals_come_in_order(call: Caller) -> None:
    """401 before 400 for the form, that before 400 for no name, that before the lookup."""
    assert call.status({"sessionId": "x"}, {}).json() == {"status": "error", "message": "access denied"}
    assert call.status({"token": "x"}).json()["message"] == "invalid schema"
    required = call.status({})
    assert (required.status_code, required.json()["message"]) == (400, "sessionId or clientKey is required")
    missing = call.status({"sessionId": UNKNOWN_ID})
    assert (missing.status_code, missing.json()) == (200, {"status": "error", "message": "session not found"})


@pytest.mark.parametrize("raw", [b"[]", b"7", b"null", b'"x"', b"{", b"\xff\xfe", b'{"clientKey": "\\ud800"}', b"[" * 5000])
def test_status__what_is_no_json_object_is_invalid_schema(call: Caller, raw: bytes) -> None:
    """Whatever is no readable JSON object is answered in the vendor's form."""
    answer = call.post("session/status", {**JWT, "Content-Type": "application/json"}, content=raw)
    assert (answer.status_code, answer.json()["message"]) == (400, "invalid schema")


@pytest.mark.parametrize("key", ["", "x" * 37])
def test_status__the_clients_key_has_1_to_36_characters(call: Caller, key: str) -> None:
    """An empty or a longer key is refused; 36 characters of any script are not."""
    assert call.status({"clientKey": key}).status_code == 400
    assert call.status({"clientKey": "ж" * 36}).json()["message"] == "session not found"


def test_token__in_the_body_does_as_well_as_in_the_header(call: Caller) -> None:
    """The API token is taken from JSON and from a form; a wrong header is not made good by it."""
    made = call.process({"clientKey": "k", "token": API_TOKEN}, {})
    assert made.status_code == 200
    named = {"sessionId": made.json()["sessionId"]}
    assert call.status({**named, "token": API_TOKEN}, {}).json()["status"] == "idle"
    for body, headers in (
        (named, {}),
        ({**named, "token": UNKNOWN_ID}, {}),
        ({**named, "token": API_TOKEN}, {"token": "x"}),
        (named, dict(LIFECYCLE.credentials["revoked"].headers)),
    ):
        assert (call.status(body, headers).status_code, call.status(body, headers).json()["message"]) == (401, "access denied")
    assert call.process({"token": UNKNOWN_ID}, {}).status_code == 401
    assert API_TOKEN not in json.dumps(call.status({"token": [API_TOKEN], "clientKey": "k"}).json())


def test_magic_key__asks_for_a_scenario(call: Caller) -> None:
    """A clientKey of the magic form makes that scenario's session; reading an unknown one makes nothing."""
    for name, scenario in LIFECYCLE.scenarios.items():
        key = f"specimen.{scenario.alias}.12345678"
        assert len(key) <= 36
        answer = call.process({"clientKey": key})
        assert answer.headers["specimen-scenario"] == name
    assert call.status({"clientKey": "specimen.ok.never"}).json()["message"] == "session not found"


def test_seconds_to_live__run_down_until_the_session_expires(call: Caller) -> None:
    """1800 at first, fewer later, 0 when expired; nothing is spent by waiting."""
    made = call.create()
    assert made["secondsToLive"] == 1800
    forward(call.app, 60_500)
    assert call.read(sessionId=made["sessionId"])["secondsToLive"] == 1740
    forward(call.app, 1_800_000)
    last = call.read(sessionId=made["sessionId"])
    assert (last["status"], last["secondsToLive"], last["spent"]) == ("expired", 0, 0)

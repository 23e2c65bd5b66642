"""IDnow: its rules, its payloads in every scenario, its operations over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from specimen import specs
from specimen.fixtures.documents.visual_zone import printed_name
from specimen.fixtures.primitives import ids
from specimen.fixtures.primitives.timelines import Event, plan
from specimen.fixtures.primitives.times import parse
from specimen.fixtures.recipes import idnow as recipe
from specimen.fixtures.recipes.recipe import SessionSnapshot
from specimen.mockserver.app import build_app
from specimen.mockserver.settings import Pace, Settings

IDNOW = specs.load("idnow")
LIFECYCLE = IDNOW.lifecycle
OPERATIONS = IDNOW.document.operations
NOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z
DAY = 86_400_000
TOKEN, STAGING_TOKEN, REVOKED = (dict(entry.headers) for entry in LIFECYCLE.credentials.values())
FLOW = "0197c55f-5af6-7e3d-af9b-f2359b154be8"
CREATE = f"/api/v1/flows/{FLOW}/live/sessions"
RUNNING: dict[str, Any] = OPERATIONS["getSession"].example("running")[2]  # type: ignore[index]
COMPLETED: dict[str, Any] = OPERATIONS["getSession"].example("completed")[2]  # type: ignore[index]
CREATED = {name: value for name, value in RUNNING.items() if name != "lastStep"} | {
    "sessionStatus": "CREATED",
    "startedAt": None,
}


def broken_rules(body: Any, operation: str, *, strict: bool) -> set[str]:
    """The ids of the rules that the success body of an operation breaks; `schema` for a plain fault."""
    schemas = IDNOW.strict_schemas if strict else IDNOW.schemas
    response = next(iter(OPERATIONS[operation].responses.values()))
    errors = schemas.validator(str(response.media[0].pointer)).iter_errors(body)
    return {(schemas.rule_title(error) or "schema").partition(" ")[0] for error in errors}


def moment(scenario: str, events: tuple[Event, ...], **facts: Any) -> SessionSnapshot:
    """A session of a scenario to which these events happened."""
    session_id = ids.make(LIFECYCLE.ids["session"], scenario, events[0].at)
    return SessionSnapshot(
        provider="idnow",
        id=session_id,
        ids={"session": session_id, "sdk_token": ids.make(LIFECYCLE.ids["sdk_token"], scenario, NOW)},
        scenario=scenario,
        seed=7,
        facts={**LIFECYCLE.scenarios[scenario].facts, **facts},
        events=events,
        expires_at=events[0].at + DAY,
        now=events[-1].at,
        origin="http://127.0.0.1:8080/idnow",
        is_terminal=events[-1].state in LIFECYCLE.terminal,
    )


def moments(scenario: str, **facts: Any) -> list[SessionSnapshot]:
    """A session of a scenario in each of its states."""
    events = plan(LIFECYCLE, LIFECYCLE.scenarios[scenario].path, NOW)
    return [moment(scenario, events[: index + 1], **facts) for index in range(len(events))]


def payloads(m: SessionSnapshot) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The session and its data blocks, as JSON."""
    session = json.loads(json.dumps(recipe.session(m), default=dict))
    return session, json.loads(json.dumps(recipe.data_blocks(m), default=dict))["dataBlocks"]


# -- rules --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("added", ["riskScore", "x"])
def test_contract__an_added_field_is_no_breach(added: str) -> None:
    """The vendor may add a field; our own mock may not."""
    assert not broken_rules({**COMPLETED, added: 1}, "getSession", strict=False)
    assert broken_rules({**COMPLETED, added: 1}, "getSession", strict=True) == {"schema"}


@pytest.mark.parametrize("name", ["startedAt", "expiresAt", "redirectUrl", "state"])
def test_contract__null_where_a_public_page_shows_it(name: str) -> None:
    """An optional field may be null where some edition of the vendor's page shows null."""
    assert not broken_rules({**CREATED, name: None}, "getSession", strict=True)


# -- payloads -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", LIFECYCLE.scenarios)
def test_payload__valid_in_every_state(scenario: str) -> None:
    """In each state of each scenario all answers keep the strict schema, and the results name the data blocks exactly."""
    for m in moments(scenario):
        session, blocks = payloads(m)
        assert not broken_rules(session, "getSession", strict=True)
        assert not broken_rules({"dataBlocks": blocks}, "listDatablocks", strict=True)
        assert not broken_rules(recipe.created_session(m), "createSession", strict=True)
        found = {block["type"]: {"type": "dataBlock", "id": block["dataBlockId"]} for block in blocks}
        assert session["results"] == found
        assert len({block["dataBlockId"] for block in blocks}) == len(blocks)


@pytest.mark.parametrize("scenario", LIFECYCLE.scenarios)
def test_payload__times_are_in_order(scenario: str) -> None:
    """Creation, start, each data block, completion and update follow one another; ids hold the time they were made."""
    session, blocks = payloads(moments(scenario)[-1])
    names = ("createdAt", "startedAt", "completedAt", "updatedAt")
    times = [parse(session[name]) for name in names if session[name] is not None]
    assert times == sorted(times)
    made = [parse(block["createdAt"]) for block in blocks]
    assert made == sorted(made)
    assert all(times[0] <= at <= times[-1] for at in made)
    clocks = [block["createdBy"]["clock"] for block in blocks]
    assert clocks == sorted(clocks)
    for text, at in [
        (session["sessionId"], times[0]),
        *zip([b["dataBlockId"] for b in blocks], made, strict=True),
    ]:
        assert UUID(text).version == 7
        assert UUID(text).int >> 80 == at


END_STATES = {
    # scenario: (sessionStatus, outcome, lastStep's type and verdict, number of results)
    "accepted": ("COMPLETED", "accepted", ("END", "completed"), 5),
    "rejected": ("COMPLETED", "rejected", ("END", "completed"), 5),
    "rejected_comparison": ("COMPLETED", "rejected", ("END", "completed"), 5),
    "rejected_screening": ("COMPLETED", "rejected", ("END", "completed"), 5),
    "document_retried": ("COMPLETED", "accepted", ("END", "completed"), 5),
    "completed_without_results": ("COMPLETED", "accepted", ("END", "completed"), 0),
    "data_deleted": ("COMPLETED", "accepted", ("END", "completed"), 5),
    "without_subject": ("COMPLETED", "accepted", ("END", "completed"), 5),
    "undescribed_steps": ("COMPLETED", "accepted", ("END", "completed"), 4),
    "aborted": ("ABORTED", "NO_OUTCOME", ("DOC_ID:v2", "completed"), 3),
    "aborted_before_start": ("ABORTED", "NO_OUTCOME", None, 0),
    "aborted_without_step": ("ABORTED", "NO_OUTCOME", None, 0),
    "expired": ("EXPIRED", "NO_OUTCOME", ("DOC_ID:v2", "completed"), 3),
    "expired_before_start": ("EXPIRED", "NO_OUTCOME", None, 0),
    "error": ("ERROR", "NO_OUTCOME", ("PEP_SANCTIONS", "failed"), 4),
    "error_without_results": ("ERROR", "NO_OUTCOME", ("DOC_ID:v2", "failed"), 0),
}


@pytest.mark.parametrize("scenario", LIFECYCLE.scenarios)
def test_payload__end_of_every_scenario(scenario: str) -> None:
    """Each scenario ends in its status, with its outcome, its last step and its number of results."""
    session, _ = payloads(moments(scenario)[-1])
    step = session.get("lastStep")
    last = None if step is None else (step["stepType"], step["verdict"])
    assert (session["sessionStatus"], session["outcome"], last, len(session["results"])) == END_STATES[scenario]


def test_payload__open_session_has_no_results() -> None:
    """Until a session has ended its results are `{}` and only the steps so far show."""
    created, running, _ = (payloads(m)[0] for m in moments("document_retried"))
    assert created["results"] == running["results"] == {}
    assert "lastStep" not in created
    assert created["startedAt"] is None
    assert (running["lastStep"]["stepType"], running["lastStep"]["verdict"]) == ("DOC_ID:v2", "failed")


def test_payload__deleted_block_has_no_content() -> None:
    """A deleted data block is still named and listed, without content."""
    session, blocks = payloads(moments("data_deleted")[-1])
    gone = {block["type"] for block in blocks if block["status"] == "DELETED"}
    assert gone == {"basicIdentity", "documentData", "comparisonResults", "pepAndSanctionsResults"}
    assert gone < set(session["results"])
    assert all((block["content"] is None) == (block["type"] in gone) for block in blocks)


@pytest.mark.parametrize("deleted", [["basicIdentity"], ["documentData", "comparisonResults"]])
def test_payload__deletion_leaves_nothing_of_the_person(deleted: list[str]) -> None:
    """Whichever personal block is deleted, no block tells the person's name, birth date or document any more."""
    given = {"basicIdentity": {"familyName": "Roe", "givenName": "Ana", "birthDate": "1990-01-01"}}
    for seed in range(30):
        m = msgspec.structs.replace(moments("data_deleted", deleted=deleted, input=given)[-1], seed=seed)
        _, blocks = payloads(m)
        text = json.dumps([block["content"] for block in blocks], ensure_ascii=False)
        person = m.identity
        for told in (
            person.family_name, person.given_names, person.family_name_latin, person.given_names_latin, "Roe", "1990-01-01",
            person.birth_date.isoformat(), person.document.number, *person.document.mrz,
        ):  # fmt: skip
            assert told not in text


def test_payload__undescribed_step() -> None:
    """A step without a description shows an empty one."""
    assert payloads(moments("undescribed_steps")[-1])[0]["lastStep"]["stepDescription"] == ""


@pytest.mark.parametrize("fault", [None, "document", "comparison", "screening"])
def test_payload__one_person_one_fault(fault: str | None) -> None:
    """The blocks tell of one person, and only the step that rejected it found a fault."""
    m = moments("rejected", rejected_by=fault)[-1]
    session, blocks = payloads(m)
    content = {block["type"]: block["content"] for block in blocks}
    assert session["outcome"] == "rejected"
    assert content["basicIdentity"]["birthDate"] == content["pepAndSanctionsResults"]["searched"]["birthDate"]
    assert content["basicIdentity"]["familyName"] == printed_name(m.identity.document).family
    assert content["documentData"]["documentNumber"] == m.identity.document.number
    assert content["documentData"]["mrz"] == list(m.identity.document.mrz)
    verdicts = {name: value["verdict"]["status"] for name, value in content.items() if "verdict" in value}
    assert verdicts == {
        "documentVerification": "REJECTED" if fault == "document" else "VERIFIED",
        "comparisonResults": "MISMATCH" if fault == "comparison" else "MATCH",
        "pepAndSanctionsResults": "MATCH" if fault == "screening" else "CLEAR",
    }
    assert bool(content["pepAndSanctionsResults"]["hits"]) == (fault == "screening")


@pytest.mark.parametrize(("path", "steps"), [(("CREATED",), 0), (("CREATED", "RUNNING"), 1)])
def test_payload__lifetime_ends_another_scenario(path: tuple[str, ...], steps: int) -> None:
    """A session that was to be accepted but expires shows only what had run by then, and no results."""
    events = (*plan(LIFECYCLE, path, NOW), Event("EXPIRED", NOW + DAY, "expired"))
    session, blocks = payloads(moment("accepted", events))
    assert ("lastStep" in session) == bool(steps)
    assert session["results"] == {}
    assert blocks == []
    assert session["completedAt"] == session["expiresAt"]
    assert not broken_rules(session, "getSession", strict=True)


# -- over HTTP ----------------------------------------------------------------------------------------------------

Call = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def app() -> Any:
    """The mock with this provider only; its clock stands still, sessions are over at once."""
    return build_app(Settings(providers=("idnow",), now=NOW, freeze=True, pace=Pace("instant")))


@pytest.fixture
def call(app: Any, request: pytest.FixtureRequest) -> Call:
    """Sends one request to the mock, in a namespace of the test's own."""
    namespace = f"idnow-{ids.number(request.node.nodeid)}"

    def send(method: str, path: str, headers: Any = TOKEN, **content: Any) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
                sent = {"Specimen-Namespace": namespace, **headers}
                return await client.request(method, "/idnow" + path, headers=sent, **content)

        return asyncio.run(go())

    return send


def create(call: Call, environment: str = "live", body: Any = None, **headers: str) -> dict[str, Any]:
    """The answer to a create request that is valid."""
    path = f"/api/v1/flows/{FLOW}/{environment}/sessions"
    answer = call("POST", path, TOKEN | headers, json=body if body is not None else {})
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


def read(call: Call, session_id: str, suffix: str = "", environment: str = "live", **headers: str) -> Any:
    """A session, or with a suffix what stands below it."""
    answer = call("GET", f"/api/v1/{environment}/sessions/{session_id}{suffix}", TOKEN | headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_create__first_created_then_completed(call: Call) -> None:
    """A new session is CREATED in its answer; with no wish the flow accepts the person."""
    made = create(call)
    context = made["sessionContext"]
    assert (made["flowId"], made["environment"], context["sessionStatus"]) == (FLOW, "live", "CREATED")
    assert parse(context["expiresAt"]) - parse(context["createdAt"]) == DAY
    assert UUID(context["sessionId"]).int >> 80 == parse(context["createdAt"])
    assert made["playerUrl"].startswith("http://127.0.0.1:8080/idnow/_specimen/flow/" + context["sessionId"])
    assert [len(part) for part in made["sdkToken"].split(".")[1:]] == [0, 16, 48, 22]
    session = read(call, context["sessionId"])
    assert (session["sessionStatus"], session["outcome"]) == ("COMPLETED", "accepted")
    assert "subjectId" not in session


def test_create__what_was_given_comes_back(call: Call) -> None:
    """Subject, redirect URL and state are echoed; the input is listed as data blocks of the first step."""
    body = {
        "input": {"basicIdentity": {"familyName": "Mustermann"}, "note": {}},
        "metadata": {"subjectId": "customer-0042", "locale": "de"},
        "redirectUrl": "https://shop.example/done?order=17",
        "state": "a&b",
        "unknown": 1,
    }
    session_id = create(call, "staging", body)["sessionContext"]["sessionId"]
    session = read(call, session_id, environment="staging")
    assert (session["subjectId"], session["state"]) == ("customer-0042", "a&b")
    assert session["redirectUrl"] == body["redirectUrl"]
    assert session["environment"] == "staging"
    blocks = read(call, session_id, "/datablocks", "staging")["dataBlocks"]
    assert [(block["type"], block["content"]) for block in blocks[:2]] == list(body["input"].items())  # type: ignore[attr-defined]
    results = {name: value["id"] for name, value in session["results"].items()}
    assert {block["type"]: block["dataBlockId"] for block in blocks[2:]} == results


def test_create__flow_page_leads_back_with_the_state(call: Call) -> None:
    """The hosted flow leads to the redirect URL with the state in its query."""
    made = create(call, body={"redirectUrl": "https://shop.example/done?order=17", "state": "a&b"})
    page = call("GET", made["playerUrl"].partition("/idnow")[2])
    assert page.status_code == 200
    assert "https://shop.example/done?order=17&amp;state=a%26b" in page.text


@pytest.mark.parametrize("name", LIFECYCLE.scenarios)
def test_create__magic_subject(call: Call, name: str) -> None:
    """`specimen.<alias>.<free text>` as subjectId asks for a scenario."""
    scenario = LIFECYCLE.scenarios[name]
    subject = f"specimen.{scenario.alias}.order-17"
    made = create(call, body={"metadata": {"subjectId": subject}})
    session = read(call, made["sessionContext"]["sessionId"])
    assert session["sessionStatus"] == scenario.path[-1]
    assert session["subjectId"] == subject


@pytest.mark.parametrize("step", ["document", "comparison", "screening"])
def test_create__rejected_by(call: Call, step: str) -> None:
    """`Prefer: rejected_by=` narrows which check rejects the person."""
    made = create(call, Prefer=f"scenario=rejected, rejected_by={step}")
    session_id = made["sessionContext"]["sessionId"]
    assert read(call, session_id)["outcome"] == "rejected"
    blocks = read(call, session_id, "/datablocks")["dataBlocks"]
    faults = [b["type"] for b in blocks if b["content"].get("issues") or b["content"].get("hits")]
    assert faults == {"document": ["documentVerification"], "screening": ["pepAndSanctionsResults"]}.get(step, [])


BAD_BODIES: list[Any] = [
    *([], 1, "x", None),
    {"input": []},
    {"input": {"a": 1}},
    {"metadata": {"subjectId": 1}},
    {"metadata": {"a": None}},
    {"state": "x" * 2049},
    {"redirectUrl": None},
    {"redirectUrl": "javascript:alert(1)"},
    {"redirectUrl": "http://["},
    {"redirectUrl": "https://a.example/ b"},
    {"redirectUrl": "https://a.example/\n"},
]


@pytest.mark.parametrize("body", BAD_BODIES)
def test_create__bad_body(call: Call, body: Any) -> None:
    """A body of the wrong form is answered 400, with the reasons."""
    answer = call(
        "POST",
        CREATE,
        content=json.dumps(body).encode(),
        headers=TOKEN | {"Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert answer.json()["message"] == "The request body is invalid"
    assert answer.json()["errors"]
    assert IDNOW.strict_schemas.validator("/components/schemas/Error").is_valid(answer.json())


def test_create__state_may_have_2048_characters(call: Call) -> None:
    """The longest state is taken; its length is counted in characters."""
    state = "ä" * 2048
    session_id = create(call, body={"state": state})["sessionContext"]["sessionId"]
    assert read(call, session_id)["state"] == state


@pytest.mark.parametrize(
    ("headers", "environment", "status"),
    [
        ({}, "live", 401),
        ({"Authorization": "Bearer nobody"}, "live", 401),
        (REVOKED, "live", 401),
        ({}, "moon", 401),
        (STAGING_TOKEN, "live", 403),
        (TOKEN, "moon", 404),
        (TOKEN, "LIVE", 404),
        (STAGING_TOKEN, "staging", 404),
    ],
)
@pytest.mark.parametrize("suffix", ["", "/datablocks"])
def test_read__refused(call: Call, headers: dict[str, str], environment: str, status: int, suffix: str) -> None:
    """Credentials come first, then the environment, then the session: one of another environment is not found."""
    session_id = create(call)["sessionContext"]["sessionId"]
    answer = call("GET", f"/api/v1/{environment}/sessions/{session_id}{suffix}", headers)
    assert answer.status_code == status
    assert answer.json()["statusCode"] == status
    assert IDNOW.strict_schemas.validator("/components/schemas/Error").is_valid(answer.json())


@pytest.mark.parametrize("form", ["{{{}}}", "urn:uuid:{}", " {}", "{}%0A", "{}%20", "{}x"])
def test_read__malformed_id_is_not_found(call: Call, form: str) -> None:
    """An identifier with something around it names no session."""
    session_id = create(call)["sessionContext"]["sessionId"]
    assert call("GET", "/api/v1/live/sessions/" + form.format(session_id)).status_code == 404


def test_read__open_session_lists_no_results(call: Call) -> None:
    """A session held in RUNNING has empty results and no data blocks."""
    made = create(call, Prefer="status=RUNNING")
    session_id = made["sessionContext"]["sessionId"]
    session = read(call, session_id)
    assert (session["sessionStatus"], session["outcome"], session["results"]) == ("RUNNING", "NO_OUTCOME", {})
    assert read(call, session_id, "/datablocks") == {"dataBlocks": []}


def test_read__polls_move_the_session(call: Call) -> None:
    """Under `polls:1` each read of the session by id is one step; the time of the last update never runs backwards."""
    session_id = create(call, Prefer="pace=polls:1")["sessionContext"]["sessionId"]
    seen = [read(call, session_id) for _ in range(4)]
    assert [session["sessionStatus"] for session in seen] == [
        "RUNNING",
        "COMPLETED",
        "COMPLETED",
        "COMPLETED",
    ]
    assert seen[1] == seen[2] == seen[3]
    updates = [session["updatedAt"] for session in seen]
    assert updates == sorted(updates)


@pytest.mark.parametrize("name", [name for name in LIFECYCLE.errors if name.endswith("createSession")])
def test_create__listed_errors(call: Call, name: str) -> None:
    """Each error that the lifecycle lists for creating is answered as it says."""
    case = LIFECYCLE.errors[name]
    headers = {} if case.credential == "none" else dict(LIFECYCLE.credentials[case.credential or "live"].headers)
    path = "/api/v1/flows/{flowId}/{environment}/sessions".format(**case.request.path)
    answer = call("POST", path, headers | dict(case.request.headers), json=case.request.body)
    assert answer.status_code == case.status
    assert answer.json() == OPERATIONS["createSession"].example(case.example)[2]  # type: ignore[index]


def test_create__redirect_url_not_allowed(call: Call) -> None:
    """The reserved host stands for a URL that is not on the customer's list."""
    answer = call("POST", CREATE, json={"redirectUrl": "https://NOT-allowed.specimen.example/x"})
    assert (answer.status_code, answer.json()["message"]) == (400, "The redirectUrl is not allowed")


def test_path_item__parameters_count(call: Call) -> None:
    """Parameters on the path item are those of its operations; the operation's own replaces its namesake."""
    by_name = {parameter.name: parameter for parameter in OPERATIONS["listDatablocks"].parameters}
    assert list(by_name) == ["environment", "sessionId"]
    assert by_name["sessionId"].pointer.endswith("~1datablocks/get/parameters/0/schema")
    assert by_name["environment"].pointer == "/components/parameters/Environment/schema"
    assert {parameter.name for parameter in OPERATIONS["createSession"].parameters} == {
        "environment",
        "flowId",
    }

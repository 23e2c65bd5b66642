"""Predicate: its rules, its payloads in every scenario, its operations over HTTP, its stream of events."""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from specimen import specs
from specimen.fixtures.primitives.timelines import plan
from specimen.fixtures.recipes import predicate as recipe
from specimen.fixtures.recipes.recipe import SessionSnapshot
from specimen.fixtures.standards import qr_codes
from specimen.mockserver.app import build_app
from specimen.mockserver.preferences.preferences import magic_value
from specimen.mockserver.settings import Pace, Settings
from tests.mockserver.calling import forward

PREDICATE = specs.load("predicate")
LIFECYCLE = PREDICATE.lifecycle
KEY = dict(next(iter(LIFECYCLE.credentials.values())).headers)
NOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z
SESSION_ID = "0b8f7c1e-52d4-4a3f-9d76-2f4b8c1d9e10"
SCENARIOS = sorted(LIFECYCLE.scenarios)
SESSION = PREDICATE.document.operations["getStatus"]
COMPLETED: dict[str, Any] = SESSION.example("completed")[2]


def broken_rules(body: Any, schema: str, *, strict: bool = False) -> set[str]:
    """The ids of the rules that a body breaks; `schema` for what breaks the plain schema."""
    schemas = PREDICATE.strict_schemas if strict else PREDICATE.schemas
    errors = schemas.validator(f"/components/schemas/{schema}").iter_errors(body)
    return {(schemas.rule_title(error) or "schema").partition(" ")[0] for error in errors}


def moments(scenario: str, **facts: Any) -> list[SessionSnapshot]:
    """A session of a scenario in each of its states."""
    path = LIFECYCLE.scenarios[scenario].path
    events = plan(LIFECYCLE, path, NOW)
    return [
        SessionSnapshot(
            provider="predicate",
            id=SESSION_ID,
            ids={"session": SESSION_ID},
            scenario=scenario,
            seed=7,
            facts={**LIFECYCLE.scenarios[scenario].facts, **facts},
            events=events[: index + 1],
            expires_at=None,
            now=events[index].at,
            origin="http://127.0.0.1:8080/predicate",
            is_terminal=events[index].state in LIFECYCLE.terminal,
        )
        for index in range(len(path))
    ]


# -- rules --------------------------------------------------------------------------------------------------------

VALID = [
    ("Session", {"sessionId": SESSION_ID, "status": "pending"}),
    ("Session", {**COMPLETED, "level": "an added field"}),
    ("Session", {**COMPLETED, "completedAt": "2025-01-21T10:30:00.123+01:00"}),
    ("Session", {**COMPLETED, "verifiedWallets": []}),
    ("WalletVerification", {"address": "0x1234...", "verified": False}),
    (
        "WalletVerification",
        {"address": "0x1234...", "verified": False, "status": "retry", "userId": "u", "wallets": []},
    ),
]


@pytest.mark.parametrize(("schema", "body"), VALID)
def test_rules__silent_on_valid_bodies(schema: str, body: Any) -> None:
    """Absent optional fields, added fields and other ISO 8601 forms are no breach of the contract."""
    assert broken_rules(body, schema) == set()


# -- payloads -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_session__valid_in_every_state(scenario: str) -> None:
    """Every state of every scenario holds under the strict contract; both lists are always there, nothing is null."""
    for moment in moments(scenario):
        body = recipe.session(moment)
        assert broken_rules(body, "Session", strict=True) == set()
        assert {"verifiedWallets", "unverifiedWallets"} <= body.keys()
        assert None not in body.values()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_session__same_wallets_in_one_list_or_the_other(scenario: str) -> None:
    """The wallets of a session stay the same; completing moves them from one list to the other."""
    bodies = [recipe.session(moment) for moment in moments(scenario)]
    connected = bodies[0]["unverifiedWallets"]
    assert len(connected) == LIFECYCLE.scenarios[scenario].facts["wallets"]
    assert len({wallet["id"] for wallet in connected}) == len(connected)
    for body in bodies:
        here, there = body["verifiedWallets"], body["unverifiedWallets"]
        assert (here, there) == ((connected, []) if body["status"] == "completed" else ([], connected))


def test_session__user_from_the_first_decision_on() -> None:
    """The session has an identity once documents were seen, and keeps it through a retry."""
    users = [recipe.session(moment).get("userId") for moment in moments("submitted_retry_completed")]
    assert users[0] is None
    assert len(set(users[1:])) == 1
    assert users[1] is not None


@pytest.mark.parametrize(
    ("address", "preferred", "expected_chains"),
    [
        ("0x52908400098527886e0f7030069857d2e4169ee7", 1, 1),
        ("0x52908400098527886e0f7030069857d2e4169ee7", 3, 3),
        ("0x52908400098527886e0f7030069857d2e4169ee7", 0, 1),
        ("7SpecimenWa11etSpecimenWa11etSpecimenWa11", 3, 1),
        ("any string at all", 1, 1),
    ],
)
def test_session__given_wallet_is_the_only_one(address: str, preferred: int, expected_chains: int) -> None:
    """A session registered with a wallet has that address only; where it has several wallets, on several chains."""
    connected = recipe.connected_wallets(moments("completed", wallets=preferred, wallet_address=address)[0])
    assert {wallet["address"] for wallet in connected} == {address}
    assert len({wallet["chain"] for wallet in connected}) == len(connected) == expected_chains


def test_scenarios__every_status_for_both_types() -> None:
    """Persons and companies reach every documented status with no, one and several wallets."""
    for kind in ("individual", "business"):
        own = [scenario for scenario in LIFECYCLE.scenarios.values() if scenario.facts["type"] == kind]
        assert {state for scenario in own for state in scenario.path} == set(LIFECYCLE.states)
        for state in ("pending", "completed", "rejected"):
            counts = {scenario.facts["wallets"] for scenario in own if scenario.path[-1] == state}
            assert {0, 1} < counts


# -- over HTTP ----------------------------------------------------------------------------------------------------

WALLET = "0x00000000000000000000000000000000c0ffee42"
REGISTER = "/predicate/api/v1/register"
STATUS = "/predicate/api/v1/status"
VERIFY = "/predicate/api/v1/verify"


class Mock:
    """The mock in this process with its clock standing still; every answer must hold under the strict contract."""

    def __init__(self, **settings: Any) -> None:
        self.app = build_app(Settings(providers=("predicate",), now=NOW, freeze=True, **settings))

    def __call__(self, method: str, path: str, *, key: dict[str, str] = KEY, **options: Any) -> httpx.Response:
        """Sends a request with the API key."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
                headers = {**key, **options.pop("headers", {})}
                return await client.request(method, path, headers=headers, **options)

        return asyncio.run(send())

    def register(self, kind: str = "individual", preference: str | None = None, **body: str) -> httpx.Response:
        """Registers a session, as wished."""
        headers = {} if preference is None else {"Prefer": preference}
        return self("POST", f"{REGISTER}/{kind}", json=body, headers=headers)

    def status(self, session_id: str, kind: str = "individual") -> dict[str, Any]:
        """The session as the status read answers it."""
        body: dict[str, Any] = self("GET", f"{STATUS}/{kind}/{session_id}").json()
        assert broken_rules(body, "Session", strict=True) == set()
        return body

    def verify(self, address: str, **body: str) -> dict[str, Any]:
        """What is known of a wallet."""
        answer: dict[str, Any] = self("POST", VERIFY, json={"address": address, **body}).json()
        assert broken_rules(answer, "WalletVerification", strict=True) == set()
        return answer

    def forward(self, seconds: float) -> None:
        """Moves the clock."""
        forward(self.app, round(seconds * 1000))


@pytest.fixture
def mock() -> Mock:
    """The mock at the vendor's own pace."""
    return Mock(pace=Pace("speed"))


def test_register__session_runs_its_course(mock: Mock) -> None:
    """A registered session is pending, then completed with its wallet in the other list."""
    answer = mock.register(walletAddress=WALLET)
    assert answer.status_code == 201
    assert broken_rules(answer.json(), "Registration", strict=True) == set()
    session_id = answer.json()["sessionId"]
    before = mock.status(session_id)
    assert (before["status"], before["verifiedWallets"]) == ("pending", [])
    mock.forward(180)
    after = mock.status(session_id)
    assert (after["status"], after["unverifiedWallets"]) == ("completed", [])
    assert after["verifiedWallets"] == before["unverifiedWallets"]
    assert [wallet["address"] for wallet in after["verifiedWallets"]] == [WALLET]
    assert after["completedAt"] == "2026-01-01T00:03:00Z"


@pytest.mark.parametrize(
    ("state", "is_reused"),
    [("pending", True), ("retry", True), ("completed", True), ("submitted", False), ("rejected", False)],
)
def test_register__reuses_what_the_vendor_reuses(mock: Mock, state: str, is_reused: bool) -> None:
    """The session of the same wallet and type is answered again in pending, retry and completed, with status 200."""
    first = mock.register(preference=f"status={state}", walletAddress=WALLET)
    again = mock.register(walletAddress=WALLET)
    assert (first.status_code, again.status_code) == (201, 200 if is_reused else 201)
    assert (first.json()["sessionId"] == again.json()["sessionId"]) is is_reused


def test_register__who_reuses_what(mock: Mock) -> None:
    """Another type, another wallet, no wallet and a wish make a new session; another case of the address does not."""
    first = mock.register(walletAddress=WALLET).json()["sessionId"]
    assert mock.register(walletAddress=WALLET.upper().replace("X", "x", 1)).json()["sessionId"] == first
    others = [
        mock.register("business", walletAddress=WALLET),
        mock.register(walletAddress=WALLET[:-1] + "3"),
        mock.register(),
        mock.register(walletAddress=""),
        mock.register(preference="scenario=rejected", walletAddress=WALLET),
        mock("POST", f"{REGISTER}/individual"),
        mock(
            "POST",
            f"{REGISTER}/individual",
            json={"walletAddress": WALLET},
            headers={"Specimen-Namespace": "other"},
        ),
    ]
    assert [answer.status_code for answer in others] == [201] * len(others)
    assert len({first, *(answer.json()["sessionId"] for answer in others)}) == len(others) + 1


def test_register__finds_an_older_session_behind_a_rejected_one(mock: Mock) -> None:
    """A session that completed after a newer one was rejected is the one that is reused."""
    older = mock.register(preference="scenario=submitted_completed", walletAddress=WALLET).json()["sessionId"]
    mock.forward(180)
    assert mock.register(preference="status=rejected", walletAddress=WALLET).status_code == 201
    mock.forward(1800)
    assert mock.register(walletAddress=WALLET).json()["sessionId"] == older


@pytest.mark.parametrize(("query", "side"), [("", 300), ("?size=80", 80), ("?size=2000", 2000)])
def test_register__qr_code_of_the_asked_size(mock: Mock, query: str, side: int) -> None:
    """The QR code is of the redirect URL, at the asked size, on a reused session too."""
    for expected in (201, 200):
        answer = mock("POST", f"{REGISTER}/individual{query}", json={"walletAddress": WALLET})
        assert answer.status_code == expected
        png = base64.b64decode(answer.json()["qrCode"].removeprefix("data:image/png;base64,"))
        assert png == qr_codes.png(answer.json()["redirectUrl"], side)


def test_register__hosted_page_leads_back(mock: Mock) -> None:
    """The redirect URL leads to a page of the mock with a link to the origin URL."""
    url = mock.register(originUrl="https://app.example.com/done?a=1").json()["redirectUrl"]
    assert url.startswith("http://127.0.0.1:8080/predicate/")
    page = mock("GET", url)
    assert page.status_code == 200
    assert 'href="https://app.example.com/done?a=1"' in page.text


@pytest.mark.parametrize("scenario", ["completed", "rejected", "retry_completed", "business_submitted"])
def test_register__magic_wallet_address(mock: Mock, scenario: str) -> None:
    """The first four bytes of a wallet address can ask for a scenario; the rest is free."""
    kind = LIFECYCLE.scenarios[scenario].facts["type"]
    for free in ("1", "ab"):
        address = magic_value(PREDICATE, LIFECYCLE.scenarios[scenario], free)
        answer = mock.register(kind, walletAddress=str(address))
        assert (answer.status_code, answer.headers["Specimen-Scenario"]) == (201, scenario)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_register__preferred_number_of_wallets(mock: Mock, count: int) -> None:
    """`Prefer: wallets=N` says how many wallets the user connects."""
    answer = mock.register(preference=f"wallets={count}, status=rejected")
    assert len(mock.status(answer.json()["sessionId"])["unverifiedWallets"]) == count


def test_status__not_found_under_the_other_type(mock: Mock) -> None:
    """A session of one type does not exist under the other, nor does the stream of it."""
    session_id = mock.register("business").json()["sessionId"]
    assert mock.status(session_id, "business")["status"] == "pending"
    for path in (f"{STATUS}/individual/{session_id}", f"{STATUS}/realtime/individual/{session_id}"):
        answer = mock("GET", path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


BAD_PATHS = [
    f"person/{SESSION_ID}",
    "individual/1",
    f"individual/%7B{SESSION_ID}%7D",
    f"individual/urn:uuid:{SESSION_ID}",
    f"individual/{SESSION_ID}%0A",
    f"individual/{SESSION_ID}%20",
    f"individual/{SESSION_ID.replace('-', '')}",
]


@pytest.mark.parametrize("path", BAD_PATHS)
@pytest.mark.parametrize("prefix", ["", "realtime/"])
def test_status__malformed_path(mock: Mock, prefix: str, path: str) -> None:
    """An unknown type or an id that is no UUID is a 400 that says which; without a key it is a 401."""
    answer = mock("GET", f"{STATUS}/{prefix}{path}")
    assert answer.status_code == 400
    assert broken_rules(answer.json(), "Error", strict=True) == set()
    assert answer.json()["error"]["message"].startswith(("type", "sessionId"))
    assert mock("GET", f"{STATUS}/{prefix}{path}", key={}).status_code == 401


BAD_REQUESTS = [
    (f"{REGISTER}/person", {"json": {}}),
    (f"{REGISTER}/individual?size=79", {"json": {}}),
    (f"{REGISTER}/individual?size=2001", {"json": {}}),
    (f"{REGISTER}/individual?size=big", {"json": {}}),
    (f"{REGISTER}/individual", {"json": {"walletAddress": 7}}),
    (f"{REGISTER}/individual", {"json": {"originUrl": "http://app.example.com"}}),
    (f"{REGISTER}/individual", {"json": []}),
    (f"{REGISTER}/individual", {"content": b"{", "headers": {"Content-Type": "application/json"}}),
    (VERIFY, {"json": {}}),
    (VERIFY, {"json": {"address": WALLET, "type": "person"}}),
    (VERIFY, {"json": {"address": None}}),
    (VERIFY, {"content": b"\xff", "headers": {"Content-Type": "application/json"}}),
    (VERIFY, {}),
]


@pytest.mark.parametrize(("path", "options"), BAD_REQUESTS)
def test_errors__bad_requests(mock: Mock, path: str, options: dict[str, Any]) -> None:
    """What breaks the documented form is a 400 with a reason."""
    answer = mock("POST", path, **copy.deepcopy(options))
    assert answer.status_code == 400
    assert broken_rules(answer.json(), "Error", strict=True) == set()
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("key", [{}, {"Authorization": "Bearer unknown"}, {"Authorization": "Bearer pk_revoked"}])
def test_errors__no_good_key(mock: Mock, key: dict[str, str]) -> None:
    """Every operation needs an API key that is accepted."""
    for method, path in (
        ("GET", f"{STATUS}/individual/{SESSION_ID}"),
        ("GET", f"{STATUS}/realtime/individual/{SESSION_ID}"),
        ("POST", f"{REGISTER}/individual"),
        ("POST", VERIFY),
    ):
        answer = mock(method, path, key=key)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


def test_verify__follows_the_sessions_of_the_wallet(mock: Mock) -> None:
    """A wallet is verified once a session with it completes, for that type only."""
    never = {
        "address": WALLET,
        "verified": False,
        "status": None,
        "checkType": None,
        "verifiedAt": None,
        "wallets": [],
    }
    assert mock.verify(WALLET) == never
    session_id = mock.register(preference="scenario=submitted_completed", walletAddress=WALLET).json()["sessionId"]
    assert mock.verify(WALLET) == {**never, "status": "pending"}
    mock.forward(180)
    user = mock.status(session_id)["userId"]
    assert mock.verify(WALLET) == {**never, "status": "submitted", "userId": user}
    mock.forward(1800)
    completed = mock.status(session_id)
    expected = {
        "address": WALLET,
        "verified": True,
        "status": "completed",
        "userId": user,
        "checkType": "kyc",
        "verifiedAt": completed["completedAt"],
        "wallets": [{"address": wallet["address"], "chain": wallet["chain"]} for wallet in completed["verifiedWallets"]],
    }
    assert mock.verify(WALLET) == mock.verify(WALLET, type="individual") == expected
    assert mock.verify(WALLET, type="business") == never
    assert mock.register("business", preference="status=rejected", walletAddress=WALLET).status_code == 201
    assert mock.verify(WALLET) == {**expected, "status": "rejected"}


def test_verify__every_wallet_of_a_session(mock: Mock) -> None:
    """Each wallet that the user connected can be looked up, and leads to all of them."""
    session_id = mock.register("business", preference="scenario=business_completed_three_wallets").json()["sessionId"]
    mock.forward(180)
    connected = mock.status(session_id, "business")["verifiedWallets"]
    assert len(connected) == 3
    for wallet in connected:
        answer = mock.verify(wallet["address"].lower())
        assert (answer["verified"], answer["checkType"], len(answer["wallets"])) == (True, "kyb", 3)


# -- the stream ---------------------------------------------------------------------------------------------------


@contextmanager
def served(**settings: Any) -> Iterator[str]:
    """The mock on a real port, 600 times faster than the vendor."""
    app = build_app(Settings(providers=("predicate",), pace=Pace("speed", speed=600), **settings))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def follow(url: str, kind: str, session_id: str, **headers: str) -> tuple[list[dict[str, Any]], int, float]:
    """The sessions that a stream tells until it closes, its keep-alives, and how many seconds it took."""
    began = time.monotonic()
    path = f"{url}{STATUS}/realtime/{kind}/{session_id}"
    with httpx.stream("GET", path, headers={**KEY, **headers}, timeout=10) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        blocks = "".join(answer.iter_text()).split("\n\n")
    assert blocks.pop() == ""
    reported = [json.loads(block.removeprefix("data: ")) for block in blocks if block.startswith("data: ")]
    for session in reported:
        assert broken_rules(session, "Session", strict=True) == set()
    assert {block for block in blocks if not block.startswith("data: ")} <= {": keep-alive"}
    return reported, len(blocks) - len(reported), time.monotonic() - began


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server whose streams are short."""
    with served(keep_alive_seconds=0.1, sse_max_seconds=4) as found:
        yield found


@pytest.mark.parametrize(
    ("scenario", "reported"),
    [
        ("completed", ["pending", "completed"]),
        ("rejected_three_wallets", ["pending", "rejected"]),
        ("retry_rejected", ["pending", "retry", "pending", "rejected"]),
    ],
)
def test_stream__tells_each_change_and_closes(scenario: str, reported: list[str]) -> None:
    """One event comes at once, one at each change; a terminal status ends the stream, long before its longest time."""
    preference = {"Prefer": f"scenario={scenario}"}
    with served(keep_alive_seconds=0.1, sse_max_seconds=120) as url:
        session_id = httpx.post(f"{url}{REGISTER}/individual", headers={**KEY, **preference}, json={}).json()["sessionId"]
        sessions, _, _ = follow(url, "individual", session_id)
        last = httpx.get(f"{url}{STATUS}/individual/{session_id}", headers=KEY).json()
    assert [session["status"] for session in sessions] == reported
    assert sessions[-1] == last


def test_stream__of_a_terminal_session_is_one_event(url: str) -> None:
    """A session that ended long ago is reported once."""
    preference = {"Prefer": "status=completed"}
    session_id = httpx.post(f"{url}{REGISTER}/business", headers={**KEY, **preference}, json={}).json()["sessionId"]
    sessions, keep_alives, seconds = follow(url, "business", session_id)
    assert ([session["status"] for session in sessions], keep_alives) == (["completed"], 0)
    assert seconds < 1


@pytest.mark.parametrize("preference", [{}, {"Prefer": "status=submitted"}])
def test_stream__ends_after_its_longest_time(url: str, preference: dict[str, str]) -> None:
    """A session that does not move is reported once, then kept alive until the time is over."""
    held = {"Prefer": "status=pending"}
    session_id = httpx.post(f"{url}{REGISTER}/individual", headers={**KEY, **held}, json={}).json()["sessionId"]
    sessions, keep_alives, seconds = follow(url, "individual", session_id, **preference)
    assert [session["status"] for session in sessions] == ["submitted" if preference else "pending"]
    assert 5 <= keep_alives <= 40
    assert seconds >= 3.9

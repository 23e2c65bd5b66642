"""Questions about the request log, masking, and what a message of no shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen import specs
from specimen.fixtures.primitives.times import iso_millis
from specimen.mockserver.http.messages import Problem, SchemaError
from specimen.mockserver.sessions.request_log import questions
from specimen.mockserver.sessions.request_log.filters import Filter
from specimen.mockserver.sessions.request_log.har import Shown, archive
from specimen.mockserver.sessions.request_log.log import MOST_BODY_BYTES, Exchange, RequestLog
from specimen.mockserver.sessions.request_log.masking import (
    MASK,
    is_secret,
    issued_secrets,
    judged_body,
    masked_body,
    masked_headers,
    masked_query,
)
from specimen.mockserver.sessions.request_log.portable import packed, unpacked
from specimen.mockserver.sessions.request_log.questions import End
from specimen.mockserver.sessions.request_log.shown import body_bytes, shown
from specimen.mockserver.sessions.store.codec import decode_value, encode_value
from specimen.specs.core.multipart import from_entries, write
from tests.mockserver.calling import ask, forward, frozen_app
from tests.mockserver.control.steering import control, created

START = 1_773_916_266_000
READS = {("kayle", "getSession"): End("/data/status", frozenset({"failed", "succeeded"}))}


def entry(number: int, at: int = 0, **other: Any) -> dict[str, Any]:
    """An entry of the log: a read of a session, by default one that is open."""
    moment = iso_millis(START + at)
    return {
        "number": number,
        "at": moment,
        "real_at": moment,
        "provider": "kayle",
        "operation": "getSession",
        "method": "GET",
        "path": "/kayle/v1/sessions/vs_1",
        "query": "",
        "session": "vs_1",
        "status": 200,
        "fault": None,
        "problem": None,
        "request": {"headers": {"accept": "*/*"}, "body": None},
        "response": {"content_type": "application/json", "body": {"data": {"status": other.pop("state", "created")}}},
        **other,
    }


@given(count=st.integers(0, 6), times=st.integers(0, 6))
def test_called__counts(count: int, times: int) -> None:
    """So often, no more and no less; by default once at least."""
    entries = [entry(number) for number in range(1, count + 1)]
    wanted = Filter(operation="getSession")
    assert questions.called(entries, wanted, times=times).passed is (count == times)
    assert questions.called(entries, wanted).passed is (count >= 1)
    assert questions.called(entries, wanted, at_most=times).passed is (count <= times)
    assert questions.not_called(entries, wanted).passed is (count == 0)


def test_called__message_shows_the_nearest() -> None:
    """The one that misses by the least comes first, with what of it is another."""
    entries = [
        entry(1, operation="listSessions", session=None, path="/kayle/v1/sessions"),
        entry(2, session="vs_2", path="/x/vs_2"),
    ]
    answer = questions.called(entries, Filter(operation="getSession", session="vs_1"))
    assert not answer.passed
    first, second = answer.message.splitlines()[1:]
    assert first.startswith("  #2 ")
    assert first.endswith(": another session")
    assert second.endswith(": another operation, session")
    assert "There was no request at all" in questions.called([], Filter()).message


def test_called__with_a_header() -> None:
    """Always with an Idempotency-Key, in any case of letters."""
    good = entry(1, request={"headers": {"idempotency-key": "1"}, "body": None})
    assert questions.called([good], Filter(), header="Idempotency-Key").passed
    answer = questions.called([good, entry(2)], Filter(), header="Idempotency-Key")
    assert not answer.passed
    assert "1 came without it" in answer.message


@given(gaps=st.lists(st.integers(0, 3000), max_size=6))
def test_polled__is_never_faster(gaps: list[int]) -> None:
    """No two reads are closer than the rate allows."""
    at, entries = 0, [entry(1)]
    for number, gap in enumerate(gaps, 2):
        at += gap
        entries.append(entry(number, at))
    answer = questions.polled(entries, Filter(), max_per_second=1, reads=READS)
    assert answer.passed is all(gap >= 999 for gap in gaps)


def test_polled__is_compared_by_session() -> None:
    """Two sessions that are each read politely, in turn; by its own id the same session is too fast."""
    turns = [entry(number, number * 600, session=f"vs_{number % 2}", path=f"/x/vs_{number % 2}") for number in range(6)]
    assert questions.polled(turns, Filter(), max_per_second=1, reads=READS).passed
    assert not questions.polled(turns, Filter(), max_per_second=0.5, reads=READS).passed
    aliases = [entry(number, number * 600, session=f"other_{number}") for number in range(2)]
    assert not questions.polled(aliases, Filter(session="vs_1"), max_per_second=1, reads=READS).passed


def test_polled__never_after_the_end_of_that_session() -> None:
    """Another session may be read on; a creation is no read."""
    entries = [
        entry(1, state="failed"),
        entry(2, 5000, session="vs_2", path="/x/vs_2"),
        entry(3, 5000, operation="createSession", method="POST"),
    ]
    assert questions.polled(entries, Filter(), reads=READS, never_after_end=True).passed
    late = questions.polled([*entries, entry(4, 9000)], Filter(), reads=READS, never_after_end=True)
    assert not late.passed
    assert "1 came after 'failed'" in late.message
    assert "#4" in late.message


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("authorization", True), ("cookie", True), ("token", True), ("cancel_token", True), ("sdkToken", True), ("apiKey", True),
        ("x-secret-key", True), ("x-access-key", True), ("x-session-key", True), ("authentication", True), ("auth", True),
        ("author", False), ("public_key", False),
        ("content-type", False), ("idempotency-key", False), ("clientKey", False), ("session_id", False), ("tokens_used", False),
    ],
)  # fmt: skip
def test_secret__by_its_name(name: str, secret: bool) -> None:
    """Credentials by the names that they have."""
    assert is_secret(name) is secret


def test_masked__headers_query_and_bodies() -> None:
    """Credentials and document data are gone; the shape stays."""
    kayle, neurovision, idnow = (specs.load(name) for name in ("kayle", "neurovision", "idnow"))
    assert masked_headers({"authorization": "Bearer abc", "accept": "x"}, kayle) == {
        "authorization": f"Bearer {MASK}",
        "accept": "x",
    }
    assert masked_headers({"token": "eyJ.x.y"}, neurovision) == {"token": MASK}
    assert masked_query("limit=3&cancel_token=abc&sig=1", kayle, "listSessions") == f"limit=3&cancel_token={MASK}&sig={MASK}"
    query = "password=S&auth=S&x-access-key=S&pass%77ord=S&status=me"
    assert masked_query(query, kayle, "listSessions") == query.replace("=S", f"={MASK}")
    link = "https://a.example/?token=S&a=1#b"
    linked = masked_body(json.dumps({"redirect_url": link}).encode(), "application/json", kayle, "createSession")
    assert linked == {"redirect_url": link.replace("=S", f"={MASK}")}
    body = {"input": {"basicIdentity": {"familyName": "Doe", "givenName": "Jo", "birthDate": "1990-01-01"}}, "state": "s"}
    shown = masked_body(json.dumps(body).encode(), "application/json", idnow, "createSession")
    assert shown == {"input": {"basicIdentity": {"familyName": MASK, "givenName": MASK, "birthDate": MASK}}, "state": "s"}
    parts = [
        {"name": "token", "value": "abc"},
        {"name": "images", "filename": "a.png", "content_type": "image/png", "base64": "UE5H"},
    ]
    form = masked_body(write(from_entries(parts), "b"), "multipart/form-data; boundary=b", neurovision, "processImages")
    assert form == {"$multipart": [{"name": "token", "value": MASK}, {"name": "images", "file": {"$bytes": 3}}]}
    assert masked_body(b"\xff\xd8", "image/jpeg", kayle, None) == {"$bytes": 2}


def test_judged__keeps_what_a_rule_looks_at() -> None:
    """Of a whole archive: a session's own token stays, since the answer has it; a credential of the account keeps its shape."""
    kayle, neurovision = specs.load("kayle"), specs.load("neurovision")
    assert issued_secrets(kayle) == {"cancel_token"}
    assert issued_secrets(neurovision) == set()
    body = {"cancel_token": "ab12", "token": "1c9f-Zk7", "birthDate": "1990-01-01", "list": [{"password": "x"}, 3]}
    shown = {"cancel_token": "ab12", "token": "0a0a-Xx0", "birthDate": "1990-01-01", "list": [{"password": "x"}, 3]}
    assert judged_body(json.dumps(body).encode(), frozenset({"cancel_token"})) == shown
    assert judged_body(b"", frozenset()) is judged_body(b"{", frozenset()) is judged_body(b"[" * 9999, frozenset()) is None


def test_archive__keeps_the_order_of_a_clock_that_stands() -> None:
    """A slow answer and a quick one at the same moment of the mock's clock: who adds the times sees them in their order."""
    slow, quick, later = (entry(number, milliseconds=took) for number, took in ((1, 7.5), (2, 0.25), (3, 3.0)))
    later = {**later, "at": iso_millis(START + 5)}
    log = archive([Shown(one, b"") for one in (slow, quick, later)], "http://x")["log"]["entries"]
    assert [one["time"] for one in log] == [0.25, 0.25, 3.0]
    assert [one["_milliseconds"] for one in log] == [7.5, 0.25, 3.0]


def test_packed__is_shown_as_it_was() -> None:
    """What another process gets of an exchange is shown as its own, and holds no credential."""
    kayle = specs.load("kayle")
    issued = issued_secrets(kayle)
    problem = Problem("invalid_body", "no", errors=(SchemaError("/a", "type", "long"),))
    for headers, sent in (
        ({"content-type": "application/json"}, b'{"cancel_token": "abc", "token": "shh-1", "x": 1}'),
        ({"content-type": "application/json"}, b"[" + b"1," * 10_000 + b"1]"),
        ({"content-type": "application/json"}, b'{"token": "\\ud83d"}'),
        ({"content-type": "image/png"}, b"shh-1 \x89PNG"),
        ({}, b""),
    ):
        exchange = Exchange(
            "own", "kayle", "POST", "/kayle/v1/sessions", b"a=1&token=shh-1", {**headers, "authorization": "Bearer shh-1"},
            sent, "createSession", 400, "application/json", {"data": None}, None, problem, "f-1", 0, START, 1.0, 1.25,
        )  # fmt: skip
        value = packed(exchange, kayle, issued)
        assert "shh-1" not in repr(value)
        again, request = unpacked(decode_value(encode_value(value)), "own")
        first, second = shown(3, exchange, kayle), shown(3, again, kayle)
        if request is not None:
            second["request"]["body"] = request
        for entry in (first, second):
            del entry["real_at"]
        assert first == second
        assert body_bytes(again) == b'{"data":null}'
        assert abs(again.real_ns - exchange.real_ns) < 1_000_000


QUESTIONS: list[dict[str, Any]] = [
    {"question": "not_called", "of": {"operation": "cancelSession"}},
    {"question": "called", "times": 0, "of": {"operation": "cancelSession"}},
    {"question": "called", "at_most": 0, "of": {"operation": "cancelSession"}},
    {"question": "called", "header": "Authorization"},
    {"question": "polled", "max_per_second": 1000},
    {"question": "polled", "never_after_end": True},
    {"question": "called"},
]


def _asked(most: int, body: dict[str, Any], *, cleared: bool = False, store: str = "memory") -> Any:
    """The answer of a log of so many entries, after three reads of a session."""
    app = frozen_app("kayle", request_log_entries=most, store=store)
    session = created(app, "kayle")["id"]
    for _ in range(3):
        forward(app, 5000)
        ask(app, "GET", f"/kayle/v1/sessions/{session}", {"Authorization": "Bearer kk_live_specimen"})
        if cleared:
            control(app, "DELETE", "/requests")
            cleared = False
    return control(app, "POST", "/requests/questions", body).json()


@pytest.mark.parametrize("body", QUESTIONS, ids=json.dumps)
def test_answer__says_what_the_log_cannot_know(body: dict[str, Any]) -> None:
    """Without a log nothing is known; where entries were dropped, nothing that these could have been."""
    assert _asked(3, body)["passed"]
    assert _asked(2, body, cleared=True)["passed"]
    off, dropped = _asked(0, body), _asked(2, body)
    assert (off["passed"], "keeps no request log" in off["message"]) == (False, True)
    if body == {"question": "called"}:
        assert dropped["passed"]
    else:
        assert (dropped["passed"], "Older requests were dropped" in dropped["message"]) == (False, True)
    missed = _asked(2, {"question": "called", "times": 3})
    assert (missed["passed"], "Older requests were dropped" in missed["message"]) == (False, True)


def test_answer__of_processes_that_share_a_store(tmp_path: Path) -> None:
    """A log that is full may have had more entries."""
    for most, passed in ((2, False), (4, True)):
        store = f"sqlite:///{tmp_path}/{most}.db"
        assert _asked(most, QUESTIONS[0], store=store)["passed"] is passed


@given(sizes=st.lists(st.integers(0, MOST_BODY_BYTES), max_size=12), most=st.integers(0, 8))
def test_log__is_bounded_by_entries_and_bytes(sizes: list[int], most: int) -> None:
    """The latest stay; their bodies are never more than fit."""
    log = RequestLog(most)
    for number, size in enumerate(sizes, 1):
        log.add(("default", *[None] * 13, size), number, 0.0, 0.0)
    kept = [number for number, _ in log.exchanges("default")]
    assert kept == list(range(len(sizes) - len(kept) + 1, len(sizes) + 1))
    assert len(kept) <= most
    assert sum(sizes[number - 1] for number in kept) <= MOST_BODY_BYTES
    if len(kept) < min(most, len(sizes)):
        assert sum(sizes[len(sizes) - len(kept) - 1 :]) > MOST_BODY_BYTES


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"question": "called", "max_per_second": 1}, "max_per_second: a question about 'called' has no such member."),
    ({"question": "called", "never_after_end": True}, "Possible: at_least, at_most, header, times."),
    ({"question": "not_called", "times": 3}, "times: a question about 'not_called' has no such member. Possible: nothing."),
    ({"question": "polled", "at_most": 3}, "at_most: a question about 'polled' has no such member."),
    ({"question": "called", "times": 3, "at_least": 1}, "times: says exactly how often; leave out at_least."),
    ({"question": "called", "at_least": 3, "at_most": 1}, "at_least: 3 is more than at_most, 1."),
    ({"question": "not_called", "of": {"operation": "cancelSesion"}}, "Did you mean 'cancelSession'?"),
    ({"question": "not_called", "of": {"provider": "kyve"}}, "provider 'kyve' is not served here."),
]


@pytest.mark.parametrize(("body", "said"), REFUSED, ids=range(len(REFUSED)))
def test_question__that_cannot_be_answered_is_refused(body: dict[str, Any], said: str) -> None:
    """A slip in a name would be a yes to `not_called`, and a member that is not looked at a yes to anything."""
    refused = control(frozen_app("kayle"), "POST", "/requests/questions", body)
    assert refused.status_code in (400, 404), refused.text
    assert said in refused.json()["detail"]


def test_requests__of_an_operation_that_is_not_there_are_refused() -> None:
    """As the list of a provider that is not served; another operation without a request is an empty list."""
    app = frozen_app("kayle")
    refused = control(app, "GET", "/requests?operation=getSesion")
    assert (refused.status_code, refused.json()["possible"]["operations"][0]) == (400, "cancelByToken")
    assert control(app, "GET", "/requests?operation=getSession&provider=kayle").json()["requests"] == []


def test_question__a_member_at_its_default_is_none() -> None:
    """Generated clients send `never_after_end: false` with every question."""
    asked = {"question": "not_called", "never_after_end": False}
    assert control(frozen_app("kayle"), "POST", "/requests/questions", asked).json()["passed"] is True

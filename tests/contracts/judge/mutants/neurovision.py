"""Neuro-Vision: each rule of contracts/judge/rules with what breaks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specimen.contracts.http.exchange import Exchange
from tests.contracts.golden_exchanges import REMOVED, Mutant, Stage, changed, without
from tests.mockserver.calling import forward

PICTURE = {"name": "images", "filename": "a.png", "content_type": "image/png", "base64": "iVBORw0KGgo="}
OTHER_ID = "550e8400-e29b-11d4-a716-446655440000"


def upload(stage: Stage, **fields: str) -> Exchange:
    """Pictures, with text fields."""
    parts = [PICTURE, *({"name": name, "value": value} for name, value in fields.items())]
    return stage.ask("processImages", body={"$multipart": parts})


def status(stage: Stage, **body: str) -> Exchange:
    """A read by whatever names the session."""
    return stage.ask("getSessionStatus", body=body)


def keyed(stage: Stage, values: Mapping[str, Any]) -> list[Exchange]:
    """A session with a key, read by it."""
    return [upload(stage, clientKey="order-17"), changed(status(stage, clientKey="order-17"), values)]


def two_of_a_key(stage: Stage) -> list[Exchange]:
    """The older of two sessions answered by their key, after the newer was made."""
    old = upload(stage, clientKey="order-17")
    forward(stage.app, 5000)
    new = upload(stage, clientKey="order-17")
    asked = status(stage, clientKey="order-17")
    return [old, new, asked, changed(asked, response_body=old.response_body)]


def twice(stage: Stage, values: Mapping[str, Any], scenario: str = "success", state: str | None = None) -> list[Exchange]:
    """A session read twice, the second time with other values."""
    first = stage.read(scenario, state)
    return [first, changed(first, values)]


def beside_itself(stage: Stage) -> list[Exchange]:
    """A face match whose two pictures are one."""
    found = stage.read()
    index = next(index for index, task in enumerate(found.response_json["results"]) if task["type"] == "faces")
    place = f"/results/{index}/checks/0/items/0/images"
    pair = found.response_json["results"][index]["checks"][0]["items"][0]["images"]
    return [changed(found, {place: pair[:1] * 2})]


def longest(stage: Stage) -> float:
    """What the longest task of a session spent."""
    return max(task["spent"] for task in stage.read().response_json["results"])


def longest_so_far(stage: Stage) -> float:
    """What the longest task of a session in process spent."""
    return max(task["spent"] for task in stage.read(state="processing").response_json["results"])


def seen_before(stage: Stage) -> list[Exchange]:
    """Two sessions of one client, who is new in both."""
    first = changed(upload(stage, clientKey="order-33"), {"/createdAt": "2026-03-19T10:31:00.000Z"})
    return [first, changed(upload(stage, clientKey="order-33"), {"/isClientNew": True})]


def not_found(stage: Stage, known: str = "order-17") -> list[Exchange]:
    """A session that was made with a key, and is not found by it."""
    made, lost = upload(stage, clientKey=known), status(stage, clientKey="order-18")
    return [made, changed(lost, request_body=lost.request_body.replace(b"order-18", known.encode()))]


def seconds_later(stage: Stage, date: str) -> list[Exchange]:
    """A session read twice; the second answer has another Date and the same responseTime."""
    first = stage.read(state="processing")
    return [first, changed(first, response_headers={**first.response_headers, "date": date})]


def of_the_first_session(stage: Stage) -> list[Exchange]:
    """Further images of a client, which go into its first session."""
    first = upload(stage, clientKey="order-17")
    return [first, changed(upload(stage, clientKey="order-17"), {"/sessionId": first.response_json["sessionId"]})]


def of_one_key(stage: Stage, client: str) -> list[Exchange]:
    """Two sessions of one clientKey, the second with another client."""
    first = changed(upload(stage, clientKey="order-34"), {"/createdAt": "2026-03-19T10:31:00.000Z"})
    return [first, changed(upload(stage, clientKey="order-34"), {"/clientId": client, "/isClientNew": False})]


def still(stage: Stage, later: str = "2026-03-19T10:31:40.000Z", left: int = 0) -> list[Exchange]:
    """A session in process, read again ten seconds later; `left` seconds more of its lifetime have passed."""
    first = stage.read(state="processing")
    lives = first.response_json["secondsToLive"]
    return [first, changed(first, {"/responseTime": later, "/secondsToLive": lives - left})]


def told_of(stage: Stage, actual: str) -> list[Exchange]:
    """An invalid sessionId, told as another text."""
    return [changed(status(stage, sessionId="not-a-uuid"), {"/details/0/actual": actual})]


def with_a_date(stage: Stage, value: str) -> list[Exchange]:
    """A session whose first read field is a date."""
    return [changed(stage.read(), {"/results/0/ocr/fields/0/value": value})]


def fast(stage: Stage) -> list[Exchange]:
    """A session in process that loses ten seconds in one."""
    return still(stage, "2026-03-19T10:31:31.000Z", left=10)


MUTANTS = (
    Mutant("NEU-036", "ten seconds less after one", fast),
    Mutant("NEU-039", "less time than before", lambda stage: twice(stage, {"/spent": longest_so_far(stage)}, state="processing")),
    Mutant("NEU-040", "a task was tried in an idle session",
           lambda stage: [changed(stage.read(state="idle"), {"/results/0/tries": 1})]),
    Mutant("NEU-041", "no thumbnails", lambda stage: [changed(stage.read(), {"/results/0/images": []})]),
    Mutant("NEU-042", "percent", lambda stage: [changed(stage.read(), {"/results/0/checks/0/items/0/confidence": 93.8})]),
    Mutant("NEU-035", "another client of the same key", lambda stage: of_one_key(stage, OTHER_ID)),
    Mutant("NEU-036", "as long to live as ten seconds before", still),
    Mutant("NEU-037", "another text than was sent", lambda stage: told_of(stage, "something else")),
    Mutant("NEU-038", "the month before the day", lambda stage: with_a_date(stage, "01.31.1970")),
    Mutant("GEN-060", "a session that is not found by its key", not_found),
    Mutant("GEN-061", "an answer of two seconds before", lambda stage: seconds_later(stage, "Thu, 19 Mar 2026 10:31:32 GMT")),
    Mutant("NEU-034", "images of a known client go into its session", of_the_first_session),
    Mutant(
        "NEU-028",
        "the second read finds a known client",
        lambda stage: twice(
            stage, {"/isClientNew": not stage.read(state="processing").response_json["isClientNew"]}, state="processing"
        ),
    ),
    Mutant(
        "NEU-029", "milliseconds", lambda stage: [changed(found := stage.read(), {"/spent": found.response_json["spent"] * 1000})]
    ),
    Mutant(
        "NEU-030",
        "another field is named",
        lambda stage: [changed(status(stage, clientKey=""), {"/details/0/path": "sessionId"})],
    ),
    Mutant(
        "GEN-024",
        "the words of another refusal",
        lambda stage: [changed(status(stage, clientKey=""), {"/message": "access denied", "/details": REMOVED})],
    ),
    Mutant(
        "NEU-010",
        "seven tries, five of them remembered",
        lambda stage: [changed(stage.read(), {"/results/0/tries": 7, "/results/0/history": [{}] * 5})],
    ),
    Mutant("NEU-011", "less spent than its tasks", lambda stage: [changed(stage.read(), {"/spent": longest(stage)})]),
    Mutant(
        "NEU-012",
        "a task began before its session",
        lambda stage: [changed(stage.read(), {"/results/0/startedAt": "2026-03-18T00:00:00.000Z"})],
    ),
    Mutant(
        "NEU-012",
        "a task began after the answer",
        lambda stage: [changed(stage.read(), {"/results/0/startedAt": "2026-03-20T00:00:00.000Z"})],
    ),
    Mutant(
        "NEU-012",
        "answered before it was made",
        lambda stage: [changed(stage.read(state="idle"), {"/responseTime": "2026-03-18T00:00:00.000Z"})],
    ),
    Mutant("NEU-017", "another session by id", lambda stage: [changed(stage.read(), {"/sessionId": OTHER_ID})]),
    Mutant("NEU-017", "another session by key", lambda stage: keyed(stage, {"/clientKey": "order-18"})),
    Mutant(
        "NEU-017",
        "pictures went into another session",
        lambda stage: [
            first := upload(stage),
            changed(upload(stage, sessionId=first.response_json["sessionId"]), {"/sessionId": OTHER_ID}),
        ],
    ),
    Mutant("NEU-018", "another schema", lambda stage: twice(stage, {"/schemaId": OTHER_ID})),
    Mutant("NEU-018", "another creation", lambda stage: twice(stage, {"/createdAt": "2026-03-19T00:00:00.000Z"})),
    Mutant(
        "NEU-018",
        "another creation than the upload reported",
        lambda stage: keyed(stage, {"/createdAt": "2026-03-19T00:00:00.000Z"}),
    ),
    Mutant("NEU-019", "life grows", lambda stage: twice(stage, {"/secondsToLive": 9999}, state="idle")),
    Mutant("NEU-020", "a success becomes an exception", lambda stage: twice(stage, {"/status": "exception"})),
    Mutant("NEU-022", "the older of two sessions", two_of_a_key),
    Mutant(
        "NEU-023",
        "fields before access",
        lambda stage: [without(status(stage, sessionId="not-a-uuid"), "token")],
    ),
    Mutant("NEU-024", "a made-up token opens", lambda stage: [changed(stage.read(), intent={"credentials": "unknown"})]),
    Mutant(
        "NEU-025",
        "a list lacks an identifier",
        lambda stage: [changed(stage.ask("getSessionStatus", body=[]), {"/message": "sessionId or clientKey is required"})],
    ),
    Mutant(
        "GEN-036",
        "an address is gone",
        lambda stage: [
            changed(found := stage.read(state="processing"), {"/email": "a@shop.example"}),
            changed(found, {"/email": REMOVED}),
        ],
    ),
    Mutant("GEN-042", "a face beside itself", beside_itself),
    Mutant("NEU-031", "a task that succeeded untried", lambda stage: [changed(stage.read(), {"/results/0/tries": 0})]),
    Mutant(
        "NEU-032",
        "less than one task",
        lambda stage: [changed(stage.read(), {"/spent": 0.01})],
    ),
    Mutant("NEU-033", "a client that is new once more", seen_before),
)

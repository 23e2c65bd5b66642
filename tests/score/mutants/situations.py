"""Broken implementations that one answer alone does not show: what came before, beside or with another request does."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

from tests.score.asgi import Answer, Ask, Call, Change
from tests.score.changes import (
    FIELDS,
    LISTS,
    REQUESTS,
    SHAPE,
    TIME,
    Make,
    Mutant,
    alter,
    answers,
    asks,
    at,
    drop,
    put,
    sent,
    shifted,
    shows,
    takes,
)
from tests.score.memories import moving, nth, recalling, remembering

HOUR = 3600
SHOWN = "getSession createSession listSessions"
REQUEST_ID = "req_00000000000000000000000001"
UNAUTHORIZED = {"error": {"code": "UNAUTHORIZED", "message": "Unauthorized"}}


def of_tasks(function: Callable[[dict[str, Any], Any], None]) -> Any:
    """Each task of a session is changed."""

    def edit(value: Any, _: Call) -> None:
        for task in value.get("results", []):
            function(task, value)

    return edit


def each(function: Callable[[dict[str, Any]], None]) -> Any:
    """Each session of an answer is changed, also the rows of a list."""

    def edit(value: Any, _: Call) -> None:
        for shown in value["data"] if isinstance(value["data"], list) else [value["data"]]:
            function(shown)

    return edit


def every_seventh(operation: str, refusal: Any) -> Make:
    """Each seventh good request of an operation is refused."""

    async def answer(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
        found = await ask(call)
        if call.operation != operation or found.status >= 300 or call.has_preference:
            return found
        memory["count"] = memory.get("count", 0) + 1
        return found if memory["count"] % 7 else Answer.of(401, refusal)

    return recalling(answer)


def cancels_the_first() -> Make:
    """Who cancels a session cancels the first one that was made, too."""

    async def answer(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
        found = await ask(call)
        if call.operation == "createSession" and found.status < 300 and not call.has_preference:
            memory.setdefault("first", at(found.json, "/data/id"))
        if call.operation == "cancelSession" and found.status < 300 and "first" in memory:
            await ask(call.to(call.parameters["id"], memory["first"]))
        return found

    return recalling(answer)


def first_key_for_all() -> Make:
    """The newest session of a wallet is not asked for: each question is answered as the first one was."""

    async def answer(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
        found = await ask(call)
        if call.operation == "verifyWallet" and found.status == 200:
            return memory.setdefault(call.body, found)  # type: ignore[no-any-return]
        return found

    return recalling(answer)


def longer_token(token: str) -> str:
    """A JWT that ends a day later."""
    head, claims, signature = token.split(".")
    found = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    found["exp"] += 86_400
    return f"{head}.{urlsafe_b64encode(json.dumps(found).encode()).decode().rstrip('=')}.{signature}"


def _one_request_id(make: Make) -> Make:
    def changed() -> Change:
        change = make()

        async def answer(call: Call, ask: Ask) -> Answer:
            found = await change(call, ask)
            found.set_header("KYC-Request-Id", REQUEST_ID)
            body = found.json
            if isinstance(body, dict) and isinstance(body.get("error"), dict):
                body["error"]["request_id"] = REQUEST_ID
                found.json = body
            return found

        return answer

    return changed


def _names_swapped(value: Any, _: Call) -> None:
    found = value.get("fields")
    if found:
        for end in ("", "_latin"):
            one, other = f"family_name{end}", f"given_names{end}"
            found[one], found[other] = found[other], found[one]


def _standing_clock(value: Any, _: Call) -> None:
    for block in value["dataBlocks"]:
        block["createdBy"]["clock"] = 1


def _used(answer: Answer, call: Call) -> Answer | None:
    if call.json and answer.status == 204:
        return Answer.of(401, {"data": None, "error": {"code": "CANCEL_TOKEN_INVALID", "message": "The cancel token is not valid."}})
    return None


def _all_defaults(value: Any, call: Call) -> None:
    asked = at(call.json, "/share_fields")
    if asked:
        more = {"required": False, "reason": 'Sharing "Sex Marker"', "source": "default"}
        value["data"]["share_fields"].setdefault("sex_marker", more)


def _another_client(value: Any, _: Call, memory: dict[Any, Any]) -> None:
    if value.get("clientId"):
        memory.setdefault(value["sessionId"], len(memory))
        value["clientId"] = f"{value['clientId'][:-4]}{memory[value['sessionId']]:04x}"


def _life_stands(value: Any, _: Call, memory: dict[Any, Any]) -> None:
    if value.get("secondsToLive"):
        value["secondsToLive"] = memory.setdefault(value["sessionId"], value["secondsToLive"])


def _actual_is_no_text(value: Any, _: Call) -> None:
    for detail in value.get("details", []):
        detail["actual"] = "[object Object]"


def _month_first(value: Any, _: Call) -> None:
    for task in value.get("results", []):
        for field in (task.get("ocr") or {}).get("fields", []):
            parts = str(field["value"]).split(".")
            if len(parts) == 3:
                field["value"] = ".".join((parts[1], parts[0], parts[2]))


def _unlisted_while_open(value: Any, call: Call) -> None:
    if call.queries.get("status") in ("created", "in_progress", "requires_input"):
        value["data"] = []
        pages = value.get("pagination", value)
        pages.update(has_more=False, next_cursor=None)


def _page_with_a_gap(value: Any, call: Call) -> None:
    if "starting_after" in call.queries and len(value["data"]) > 2:
        del value["data"][1]


def _in_process_alone(value: Any, _: Call, memory: dict[Any, Any]) -> None:
    if value["status"] != "processing":
        return
    memory[value["sessionId"]] = memory.get(value["sessionId"], 0) + 1
    if memory[value["sessionId"]] > 1:
        value["spent"] = max([task["spent"] for task in value["results"]], default=0)


def _wallet_is_pending(value: Any, _: Call) -> None:
    if value.get("status", 0) is None or "status" not in value:
        value["status"] = "pending"


def _to_dashboard(value: Any, call: Call) -> None:
    if call.operation == "createSession" and not at(call.json, "/redirect_url"):
        value["data"]["redirect_url"] = "https://kayle.id/done"


def _other_fields(value: Any, _: Call) -> None:
    for entry in value["error"].get("fields", []):
        entry["field"] = "metadata" if entry["field"] != "metadata" else "template_id"


def _begins_with_its_end(value: Any, _: Call) -> None:
    if value.get("startedAt") and value.get("completedAt"):
        value["startedAt"] = value["completedAt"]


def _checked_by_first(value: Any, _: Call) -> None:
    value["checks"] = value["checks"][:1]


def _not_before(name: str) -> Callable[[dict[str, Any]], None]:
    def edit(shown: dict[str, Any]) -> None:
        if shown["status"] != "created":
            shown[name] = shifted(2 * HOUR)(shown[name])

    return edit


def _from_request(shown: dict[str, Any]) -> None:
    for field in shown["share_fields"].values():
        field["source"] = "rc"


def _started_as_made(task: dict[str, Any], session: Any) -> None:
    if session["status"] == "idle" and "startedAt" in task:
        task["startedAt"] = session["createdAt"]


def _in_percent(value: Any, _: Call) -> None:
    for task in value.get("results", []):
        for group in task.get("checks", []):
            for item in group["items"]:
                if "confidence" in item:
                    item["confidence"] = round(item["confidence"] * 100, 1)


def _no_thumbnails(task: dict[str, Any], _: Any) -> None:
    task["images"] = []


def _as_uuid_of(version: str) -> Callable[[Any], bool]:
    return lambda text: isinstance(text, str) and len(text) == 36 and text[14] == version


def _as_version_1(call: Call, version: str) -> None:
    value = call.json
    shown = value.get("sessionId") if isinstance(value, dict) else None
    if _as_uuid_of(version)(shown):
        call.json = {**value, "sessionId": f"{shown[:14]}1{shown[15:]}"}


def _without(call: Call, name: str, beside: str) -> None:
    values = call.queries
    if name in values and beside in values:
        del values[name]
        call.queries = values


def _mended(call: Call, name: str, old: str, new: str) -> None:
    values = call.queries
    if old in values.get(name, ""):
        call.queries = {**values, name: values[name].replace(old, new)}


def _as_known(answer: Answer, _: Call) -> None:
    answer.status = 200


def _of_persons(call: Call) -> None:
    call.path = call.path.replace("/realtime/business/", "/realtime/individual/")


async def _by_session(call: Call, ask: Ask, memory: dict[Any, Any]) -> Answer:
    shown = call.parameters.get("id", "")
    if call.operation == "getVerification" and shown in memory:
        call = call.to(shown, memory[shown])
    found = await ask(call)
    if isinstance(found.json, dict) and "verification_id" in found.json:
        memory[found.json["id"]] = found.json["verification_id"]
    return found


SITUATIONS: dict[str, tuple[Mutant, ...]] = {
    "kayle": (
        Mutant("own_redirect", FIELDS, "a session that was made without a redirect_url has one", answers("createSession", _to_dashboard)),
        Mutant("token_of_cancelled", REQUESTS, "the right token of a cancelled session is refused", sent("cancelByToken", _used, status="204")),
        Mutant("more_than_asked", FIELDS, "a session that names its fields asks for one more", answers("createSession", _all_defaults)),
        Mutant("open_not_listed", LISTS, "the list of an open status is empty", answers("listSessions", _unlisted_while_open)),
        Mutant("updated_in_two_hours", FIELDS, "updated_at is two hours ahead in every answer", answers(SHOWN, each(_not_before("updated_at")))),
        Mutant("cancels_two", TIME, "cancelSession cancels the first session, too", cancels_the_first()),
        Mutant("seventh_refused", REQUESTS, "each seventh read is refused as without a key", every_seventh("getSession", UNAUTHORIZED)),
        Mutant("all_from_request", FIELDS, "default share fields are said to come from the request", answers(SHOWN, each(_from_request))),
        Mutant("bounds_one_by_one", LISTS, "of created_from and created_to the first alone counts", asks("listSessions", lambda call: _without(call, "created_to", "created_from"))),
        Mutant("bounds_of_first_page", LISTS, "created_to is forgotten on the second page", asks("listSessions", lambda call: _without(call, "created_to", "starting_after"))),
        Mutant("digits_first", REQUESTS, "a limit is read as far as it has digits", asks("listSessions", lambda call: _mended(call, "limit", "10abc", "10"))),
    ),
    "kyve": (
        Mutant("gap_in_page", LISTS, "the second page leaves out its second entry", answers("listVerifications", _page_with_a_gap)),
        Mutant("one_request_id", FIELDS, "every answer has the same request id", _one_request_id(answers("getSession", alter("/id", lambda text: text)))),
        Mutant("sdk_token_of_a_day", FIELDS, "an sdk_token is good for a day", answers("createSession", alter("/sdk_token", longer_token))),
        Mutant("names_swapped", FIELDS, "family name and given names are swapped", answers("getVerification", _names_swapped)),
        Mutant("open_not_listed", LISTS, "the list of an open status is empty", answers("listVerifications", _unlisted_while_open)),
        Mutant("first_check_alone", FIELDS, "an ended verification shows its first check alone", answers("getVerification", _checked_by_first, when=shows("/status", "completed"))),
        Mutant("mode_inverted", FIELDS, "a test key makes live sessions", answers("createSession", alter("/livemode", lambda value: not value))),
        Mutant("other_field_named", SHAPE, "a 422 names another field", answers("createSession listVerifications", _other_fields, status="422")),
        Mutant("media_of_the_upload", FIELDS, "a picture's link ends before it is given", answers("getVerification", alter("/media/*/expires_at", shifted(-2 * HOUR)))),
        Mutant("completed_without_media", FIELDS, "a completed verification has no media", answers("getVerification", put("/media", []), when=shows("/status", "completed"))),
        Mutant("verification_by_session", REQUESTS, "a verification is found by its session's id", recalling(_by_session)),
    ),
    "idnow": (
        Mutant("clock_stands", FIELDS, "the clock of each data block is 1", answers("listDatablocks", _standing_clock)),
        Mutant("block_forgotten", TIME, "the second list of data blocks leaves out the first", nth("listDatablocks", "/dataBlocks/0/dataBlockId", 2, drop("/dataBlocks/0"))),
        Mutant("content_forgotten", TIME, "from the second list on a stored data block has no content", nth("listDatablocks", "/dataBlocks/0/dataBlockId", 2, put("/dataBlocks/0/content", None))),
        Mutant("started_at_its_end", TIME, "startedAt of an ended session is its completedAt", answers("getSession", _begins_with_its_end)),
        Mutant("never_started", FIELDS, "startedAt is null in a session that was broken off", answers("getSession", put("/startedAt", None), when=shows("/sessionStatus", "ABORTED", "ERROR"))),
        Mutant("version_after_creation", FIELDS, "a creation says the next flowVersion", answers("createSession", alter("/flowVersion", lambda number: number + 1))),
        Mutant("state_dropped", TIME, "state is gone once the session runs", answers("getSession", drop("/state"), when=lambda value: value["sessionStatus"] != "CREATED")),
    ),
    "neurovision": (
        Mutant("clients_multiply", TIME, "each session of a client has another clientId", remembering("getSessionStatus processImages", _another_client)),
        Mutant("life_stands", TIME, "secondsToLive stays as it was first read", remembering("getSessionStatus", _life_stands)),
        Mutant("life_in_milliseconds", FIELDS, "secondsToLive counts milliseconds", answers("getSessionStatus processImages", alter("/secondsToLive", lambda number: number * 1000))),
        Mutant("actual_as_object", SHAPE, "the details of a 400 show no value", answers("getSessionStatus", _actual_is_no_text, status="400")),
        Mutant("month_first", SHAPE, "dates have the month before the day", answers("getSessionStatus", _month_first)),
        Mutant("spent_falls", TIME, "spent gets less while the session is processed", remembering("getSessionStatus", _in_process_alone)),
        Mutant("idle_and_started", FIELDS, "a task of an idle session has a startedAt", answers("getSessionStatus", of_tasks(_started_as_made))),
        Mutant("no_thumbnails", FIELDS, "tasks have full-size images and no thumbnails", answers("getSessionStatus", of_tasks(_no_thumbnails))),
        Mutant("confidence_in_percent", SHAPE, "a confidence is a percentage", answers("getSessionStatus processImages", _in_percent)),
        Mutant("version_7_taken", REQUESTS, "a sessionId of version 7 is looked up", asks("getSessionStatus", lambda call: _as_version_1(call, "7"))),
        Mutant("key_trimmed", REQUESTS, "blanks around a clientKey are cut off", takes("getSessionStatus", "/clientKey", lambda text: isinstance(text, str) and text.endswith(" "))),
        Mutant("answered_in_another_zone", FIELDS, "responseTime is three hours ahead", answers("getSessionStatus", alter("/responseTime", shifted(3 * HOUR)))),
    ),
    "predicate": (
        Mutant("first_session_counts", TIME, "each question about a wallet is answered as the first was", first_key_for_all()),
        Mutant("asked_and_pending", FIELDS, "an unregistered wallet is pending", answers("verifyWallet", _wallet_is_pending)),
        Mutant("verified_chain", FIELDS, "verified wallets are on another chain", answers("verifyWallet", put("/wallets/*/chain", "polygon"))),
        Mutant("always_200", SHAPE, "register answers 200 whether the session is new or not", sent("register", _as_known)),
        Mutant("verified_moves", TIME, "verifiedAt is a day later at each question", moving("verifyWallet", "/verifiedAt", lambda text, count: shifted(-86_400 * count)(text))),
        Mutant("completed_yesterday", FIELDS, "completedAt is a day behind", answers("getStatus streamStatus verifyWallet", alter("/completedAt", shifted(-86_400)), alter("/verifiedAt", shifted(-86_400)))),
        Mutant("stream_of_persons", REQUESTS, "each stream is that of a person", asks("streamStatus", _of_persons)),
    ),
}  # fmt: skip

"""Broken implementations in which two answers disagree, or one with itself: for the rules that hold for every vendor."""

from __future__ import annotations

from typing import Any

from tests.score.asgi import Answer, Ask, Call, Change
from tests.score.changes import (
    FIELDS,
    LISTS,
    REQUESTS,
    TIME,
    Make,
    Mutant,
    alter,
    answers,
    at,
    drop,
    put,
    sent,
    shifted,
    shows,
    takes_query,
)
from tests.score.memories import after_seen, first_for_all, moving, remembering

OPEN = shows("/data/status", "created", "in_progress")
ABANDONED = shows("/sessionStatus", "ABORTED", "EXPIRED", "ERROR")
DAY = 86_400


def first_for_every(operations: str, *pointers: str) -> Make:
    """Every session shows the values that the first one was shown with."""

    def edit(value: Any, _: Call, memory: dict[Any, Any]) -> None:
        for pointer in pointers:
            holder, name = at(value, pointer.rpartition("/")[0]), pointer.rpartition("/")[2]
            holder[name] = memory.setdefault(pointer, holder[name])

    return remembering(operations, edit)


def _token_in_reads(value: Any, call: Call, memory: dict[Any, Any]) -> None:
    session = value["data"]
    if call.operation == "createSession":
        memory[session["id"]] = session["cancel_token"]
    elif session["id"] in memory:
        session["cancel_url"] = f"https://verify.example/cancel?token={memory[session['id']]}"


def _unchecked(operation: str, edit: Any) -> Make:
    """What a request makes or changes stays, although it is refused: it is sent in a valid form, and then the refusal answered."""

    def make() -> Change:
        async def change(call: Call, ask: Ask) -> Answer:
            answer = await ask(call)
            if call.operation == operation and 400 <= answer.status < 500 and not call.has_preference:
                asked = call.copy()
                if edit(asked):
                    await ask(asked)
            return answer

        return change

    return make


def _with_credentials(call: Call) -> bool:
    accepted = next(entry for entry in call.provider.lifecycle.credentials.values() if entry.fails is None)
    call.headers.update({name.lower(): value for name, value in accepted.headers.items()})
    return True


def _with_metadata_alone(call: Call) -> bool:
    value = call.json
    if not isinstance(value, dict) or not isinstance(value.get("metadata"), dict):
        return False
    call.json = {"metadata": value["metadata"]}
    return True


def _full_page_promises(value: Any, _: Call) -> None:
    rows, pages = value["data"], value["pagination"]
    if rows and len(rows) == pages["limit"]:
        pages.update(has_more=True, next_cursor=rows[-1]["id"])


def _one_short(value: Any, _: Call) -> None:
    rows, pages = value["data"], value["pagination"]
    if pages["has_more"] and len(rows) > 1:
        rows.pop()
        pages["next_cursor"] = rows[-1]["id"]


def _without_ended(value: Any, call: Call) -> None:
    if "status" not in call.queries and "starting_after" not in call.queries:
        value["data"] = [row for row in value["data"] if row["status"] not in ("completed", "failed", "canceled", "expired")]
        value.update(has_more=False, next_cursor=None)


def _checks_twice(value: Any, _: Call) -> None:
    value["media"] = [*value["media"], *value["media"][:1]]


def _document_before_birth(value: Any, _: Call) -> None:
    if isinstance(at(value, "/fields/document"), dict):
        value["fields"]["document"]["issued_on"] = "1901-02-03"


def _first_step(value: Any, _: Call) -> None:
    if value.get("lastStep"):
        value["lastStep"].update(stepId="step_start_001", stepType="START")


def _fewer_references(value: Any, _: Call) -> None:
    for kind in list(value["results"])[:1]:
        del value["results"][kind]


def _untried(value: Any, _: Call) -> None:
    for task in value.get("results", []):
        if task.get("tries") == 1:
            task["tries"] = 0


def _other_check(value: Any, _: Call) -> None:
    value["checkType"] = {"kyc": "kyb", "kyb": "kyc"}[value["checkType"]]


def _refused_as_used(answer: Answer, _: Call) -> Answer:
    return Answer.of(401, {"data": None, "error": {"code": "CANCEL_TOKEN_USED", "message": "The cancel token was used before."}})


def _not_found(answer: Answer, _: Call) -> Answer:
    error = {"code": "not_found", "message": "No such session.", "request_id": answer.header("KYC-Request-Id")}
    found = Answer.of(404, {"error": error})
    found.set_header("KYC-Request-Id", error["request_id"])
    return found


def _as_created(value: Any, _: Call) -> None:
    value["data"]["updated_at"] = value["data"]["created_at"]


def _not_yet_in_review(value: Any, call: Call) -> None:
    for row in value["data"]:
        if row["status"] == "requires_review" and "status" not in call.queries:
            row["status"] = "in_progress"


def _closed(value: Any, _: Call) -> None:
    if value["closed_at"] is None:
        value["closed_at"] = value["updated_at"]


def _first_picture(value: Any, _: Call) -> None:
    for picture in value["media"]:
        picture["url"] = value["media"][0]["url"]


def _path_alone(url: str) -> str:
    return "/" + url.split("/", 3)[-1]


def _shortest(value: Any, _: Call) -> None:
    value["spent"] = min([task["spent"] for task in value["results"]], default=value["spent"])


def _no_event(answer: Answer, _: Call) -> None:
    if answer.body.count(b"data:") == 1:
        answer.body = b": keep-alive\n\n"


def _bare_link(url: str) -> str:
    return url.partition("?")[0]


DISAGREEMENTS: dict[str, tuple[Mutant, ...]] = {
    "kayle": (
        Mutant("link_of_another", FIELDS, "each session has the link of the first one", first_for_every("createSession", "/data/verification_url")),
        Mutant("cancel_token_in_link", FIELDS, "a read shows a link with the cancel token of the creation", remembering("createSession getSession", _token_in_reads)),
        Mutant("refused_and_cancelled", REQUESTS, "cancelSession without the right key cancels, and is answered 401", _unchecked("cancelSession", _with_credentials)),
        Mutant("creates_once", TIME, "each creation answers with the first session", first_for_all("createSession")),
        Mutant("deadline_moves", TIME, "expires_at of a session moves with every read", moving("getSession", "/data/expires_at", lambda text, count: shifted(count)(text), when=OPEN)),
        Mutant("required_is_optional", FIELDS, "a required share field is said to be optional", answers("createSession getSession listSessions", put("/data/share_fields/*/required", False))),
        Mutant("full_page_promises_more", LISTS, "a full page promises another one, which is empty where there is no more", answers("listSessions", _full_page_promises)),
        Mutant("page_size_shown", LISTS, "the list shows another limit than was asked for", answers("listSessions", put("/pagination/limit", 50))),
        Mutant("reasons_confused", REQUESTS, "a reason that is too long is refused as one that is missing", answers("createSession", put("/error/code", "REASON_REQUIRED"), when=shows("/error/code", "REASON_TOO_LONG"), status="400")),
        Mutant("ten_default_fields", FIELDS, "a session that asks for no field shares ten", answers("createSession getSession listSessions", drop("/data/share_fields/sex_marker"), drop("/data/share_fields/mrz_optional_data"))),
        Mutant("half_an_hour", FIELDS, "a session expires half an hour after its creation", answers("createSession getSession", alter("/data/expires_at", shifted(-1800)))),
        Mutant("tokens_never_work", TIME, "the cancel token of a creation is refused as used", sent("cancelByToken", _refused_as_used, status="204")),
        Mutant("hour_begins_with_the_user", TIME, "expires_at is an hour after the user came", answers("getSession listSessions", alter("/data/expires_at", shifted(20)), when=shows("/data/status", "in_progress"))),
        Mutant("updated_as_created", TIME, "updated_at is that of the creation until the session has ended", answers("getSession", _as_created, when=OPEN)),
        Mutant("page_one_short", LISTS, "a page has one entry less than it has room for", answers("listSessions", _one_short)),
    ),
    "kyve": (
        Mutant("sdk_token_of_first", FIELDS, "each session has the sdk_token of the first one", first_for_every("createSession", "/sdk_token")),
        Mutant("refused_and_created", REQUESTS, "createSession makes a session although it refuses a field", _unchecked("createSession", _with_metadata_alone)),
        Mutant("closed_before_made", FIELDS, "a verification is closed a day before it was made", answers("getVerification", alter("/closed_at", shifted(-DAY)))),
        Mutant("issued_before_birth", FIELDS, "a document was issued before its holder was born", answers("getVerification", _document_before_birth)),
        Mutant("media_twice", LISTS, "a verification has one of its media twice", answers("getVerification", _checks_twice, when=lambda value: bool(value.get("media")))),
        Mutant("ended_unlisted", LISTS, "the list without a filter leaves out what has ended", answers("listVerifications", _without_ended)),
        Mutant("list_from_the_morning", LISTS, "the list shows sessions that wait for a review in progress", answers("listVerifications", _not_yet_in_review)),
        Mutant("cancel_finds_nothing", REQUESTS, "cancelSession finds no session", sent("cancelSession", _not_found)),
        Mutant("closed_while_open", FIELDS, "closed_at of an open verification is its updated_at", answers("getVerification", _closed)),
        Mutant("media_of_the_first_side", FIELDS, "all media have the picture of the first", answers("getVerification", _first_picture)),
        Mutant("detail_like_list", FIELDS, "the detail of a verification has no checks, fields and media", answers("getVerification", drop("/checks"), drop("/fields"), drop("/media"), drop("/review"))),
        Mutant("media_unsigned", FIELDS, "media URLs are not signed", answers("getVerification", alter("/media/*/url", _bare_link))),
    ),
    "idnow": (
        Mutant("start_forgotten", TIME, "startedAt is null once a session was abandoned that had started", after_seen("getSession", "/sessionId", shows("/sessionStatus", "RUNNING"), put("/startedAt", None), when=ABANDONED)),
        Mutant("blocks_of_tomorrow", FIELDS, "data blocks were made a day after their session ended", answers("listDatablocks", alter("/dataBlocks/*/createdAt", shifted(DAY)))),
        Mutant("reference_missing", FIELDS, "an abandoned session refers to all data blocks but the first", answers("getSession", _fewer_references, when=ABANDONED)),
        Mutant("player_without_host", FIELDS, "playerUrl begins with the path", answers("createSession", alter("/playerUrl", _path_alone))),
        Mutant("times_of_another_zone", FIELDS, "createdAt of a new session is two hours ahead, and said to be UTC", answers("createSession", alter("/sessionContext/createdAt", shifted(7200)), alter("/sessionContext/expiresAt", shifted(7200)))),
        Mutant("first_step_last", FIELDS, "lastStep is the first step of the flow once the session ended", answers("getSession", _first_step, when=shows("/sessionStatus", "COMPLETED", "ABORTED", "EXPIRED", "ERROR"))),
    ),
    "neurovision": (
        Mutant("spent_without_the_longest", FIELDS, "spent is that of the shortest task", answers("getSessionStatus", _shortest, when=shows("/status", "success", "failed"))),
        Mutant("new_whenever_identified", TIME, "isClientNew is true wherever there is a client", answers("getSessionStatus processImages", put("/isClientNew", True), when=lambda value: bool(value.get("clientKey")))),
        Mutant("untried_tasks", FIELDS, "a task succeeded or failed without a try", answers("getSessionStatus", _untried)),
    ),
    "predicate": (
        Mutant("check_of_other_type", FIELDS, "a person's wallet is verified by kyb, a business's by kyc", answers("verifyWallet", _other_check, when=shows("/checkType", "kyc", "kyb"))),
        Mutant("wallet_lags", TIME, "verifyWallet says pending whatever became of the session", answers("verifyWallet", put("/status", "pending"), when=shows("/status", "rejected"))),
        Mutant("code_of_one_size", FIELDS, "the QR code of a large size has the smallest one", takes_query("register", "size", lambda size: size == "2000", "80")),
        Mutant("stream_of_changes_only", TIME, "a stream of an ended session has no event", sent("streamStatus", _no_event)),
        Mutant("verified_at_moves", TIME, "verifiedAt is another at every question", moving("verifyWallet", "/verifiedAt", lambda text, count: shifted(count)(text))),
    ),
}  # fmt: skip

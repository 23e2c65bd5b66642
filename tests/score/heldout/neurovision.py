"""Broken implementations of Neuro-Vision, held out from the authors of the rules."""

from __future__ import annotations

from typing import Any

from tests.score.asgi import Answer, Ask, Call
from tests.score.changes import (
    FIELDS,
    IMPLIED,
    LISTS,
    REQUESTS,
    SAID,
    SHAPE,
    TIME,
    Change,
    Mutant,
    alter,
    answers,
    asks,
    put,
    sent,
    shifted,
    takes,
)
from tests.score.memories import remembering

READ = "getSessionStatus"
BOTH = "getSessionStatus processImages"
MOST = 36  # characters of a clientKey
MOSCOW = 3 * 3600  # seconds ahead of UTC
DEFAULT_SCHEMA = "3f0c5f6e-8a1d-4d53-9c1b-6a2e7d90b418"
NOT_FOUND = {"status": "error", "message": "session not found"}
HAS_SESSION = "sessionId"
GENDERS = {"male": 1, "female": 2}  # ISO/IEC 5218
LISTED = ("/errors", "/results/*/errors", "/results/*/history", "/results/*/images", "/results/*/imagesFull")


def _key(call: Call) -> Any:
    return call.json.get("clientKey") if isinstance(call.json, dict) else None


def _too_many_bytes(call: Call) -> None:
    """The mock refuses a key of more characters."""
    key = _key(call)
    if isinstance(key, str) and len(key) <= MOST < len(key.encode(errors="surrogatepass")):
        call.json = {**call.json, "clientKey": key + "x" * MOST}


def _gender_code(body: Any, _: Call) -> None:
    for task in body.get("results", ()):
        for item in (entry for check in task["checks"] for entry in check["items"]):
            if item["caption"] == "isGenderMismatch":
                item["value"] = GENDERS.get(item.get("value"), 0)


def _contacts_before(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    """The contacts stay in an object that is used again for the next answer."""
    if HAS_SESSION in body:
        own = {name: body.pop(name) for name in ("email", "wallet") if name in body}
        body.update(memory.get("last", own))
        memory["last"] = own


def _gone(answer: Answer, _: Call) -> Answer | None:
    body = answer.json
    return Answer.of(200, NOT_FOUND) if isinstance(body, dict) and body.get("status") == "expired" else None


def _created_by_the_upload(body: Any, call: Call, memory: dict[Any, Any]) -> None:
    if HAS_SESSION in body:
        shown = body["sessionId"]
        if call.operation == "processImages" and b'name="sessionId"' in call.body:
            memory[shown] = body["responseTime"]
        body["createdAt"] = memory.get(shown, body["createdAt"])


def _by_beginning() -> Change:
    """A key is looked up with LIKE."""
    known: list[str] = []

    async def change(call: Call, ask: Ask) -> Answer:
        answer = await ask(call)
        shown = answer.json.get("clientKey") if isinstance(answer.json, dict) else None
        if shown and shown not in known:
            known.append(shown)
        key = _key(call)
        if call.operation == READ and isinstance(key, str) and answer.json == NOT_FOUND:
            longer = next((entry for entry in reversed(known) if entry.startswith(key)), None)
            if longer is not None:
                call.json = {**call.json, "clientKey": longer}
                return await ask(call)
        return answer

    return change


MUTANTS = (
    Mutant(
        "empty_key_is_no_key", REQUESTS, "an empty clientKey is taken as none: the sessionId beside it is looked up",
        takes(READ, "/clientKey", lambda key: key == ""), SAID, "Typical causes: … clientKey — empty string",
    ),
    Mutant(
        "key_length_in_bytes", REQUESTS, "a clientKey of 36 letters is refused where they are more than 36 bytes",
        asks(READ, _too_many_bytes), SAID, "Client key (non-empty string, max 36 characters)",
    ),
    Mutant(
        "empty_lists_are_null", SHAPE, "errors, history and images are null where nothing is in them",
        answers(BOTH, *(alter(place, lambda entries: entries or None) for place in LISTED)), SAID,
        "errors | array | General session errors",
    ),
    Mutant(
        "gender_as_a_code", SHAPE, "the gender that a selfie shows is the number 1 or 2",
        answers(BOTH, _gender_code), SAID, "Gender match (value = determined gender)",
    ),
    Mutant(
        "face_beside_itself", FIELDS, "the two images of a face match are the same one",
        answers(BOTH, alter("/results/*/checks/*/items/*/images", lambda pair: pair[:1] * len(pair))), SAID,
        "Pair of compared images",
    ),
    Mutant(
        "tries_from_zero", FIELDS, "a task that has been processed once has 0 tries",
        answers(BOTH, alter("/results/*/tries", lambda tries: max(0, tries - 1))), SAID, "Number of recognition attempts",
    ),
    Mutant(
        "started_in_moscow_time", FIELDS, "a task's startedAt is Moscow's time marked as UTC, three hours after the answer",
        answers(BOTH, alter("/results/*/startedAt", shifted(MOSCOW))), IMPLIED, "Processing start time",
    ),
    Mutant(
        "contacts_of_the_answer_before", TIME, "email and wallet are those of the session that was read before",
        remembering(READ, _contacts_before), IMPLIED, "email | string | Client email (optional)",
    ),
    Mutant(
        "expired_is_not_found", TIME, "a session that has expired is answered as if it did not exist",
        sent(READ, _gone), SAID, "expired | Session lifetime expired",
    ),
    Mutant(
        "schema_asked_for_ignored", TIME, "a session made with a schema shows the account's default one",
        answers(BOTH, put("/schemaId", DEFAULT_SCHEMA), when=lambda body: HAS_SESSION in body), IMPLIED, "KYC schema UUID",
    ),
    Mutant(
        "created_by_the_last_upload", TIME, "sending further images to a session moves its createdAt",
        remembering(BOTH, _created_by_the_upload), SAID, "Session creation date and time",
    ),
    Mutant(
        "key_by_its_beginning", LISTS, "a clientKey finds the session of a longer key that begins with it",
        _by_beginning, SAID, "Sessions with the specified sessionId or clientKey do not exist",
    ),
)  # fmt: skip

"""Kayle ID: codes, counters, times and claims that do not go together."""

from __future__ import annotations

from typing import Any

from specimen.contracts.payloads.model.invalid_combinations import Made, State, earlier, later, same, value_at
from specimen.contracts.payloads.model.mutations import ABSENT

READ = {"getSession": "/data"}
READS = {"getSession": "/data", "listSessions": "/data/0"}
SESSION = {**READS, "createSession": "/data"}
# The session in the example of a list failed.
ALONE = {**READ, "createSession": "/data"}
LIST = {"listSessions": ""}

OPEN = ("created", "in_progress")
PEACEFUL = ("succeeded", "expired", "cancelled")
OVER = (*PEACEFUL, "failed")
NOT_FAILED = (*OPEN, *PEACEFUL)
EVERY = (*NOT_FAILED, "failed")
# The third failed try fails the session, and its user may cancel it then.
NEVER_AFTER_THREE = (*OPEN, "succeeded", "expired")
NFC_CODES = ("document_authenticity_failed", "document_active_authentication_failed", "document_chip_authentication_failed")
LIVENESS_CODES = ("liveness_failed", "selfie_face_mismatch")
# Codes that no counter goes with.
FREE_CODES = ("document_data_invalid", "document_anti_cloning_attestation_failed")
CLAIMS = "/share_fields"
MILLISECOND = 0.001


def claim(*, required: bool) -> dict[str, Any]:
    """A claim as an answer shows it."""
    return {"required": required, "reason": "Needed", "source": "rc"}


def page(*ids: str) -> Made:
    """The page's first session under each of these ids."""
    return lambda body: [{**value_at(body, "/data/0"), "id": each} for each in ids]


STATES = (
    # What is asked for.
    State(
        "document-id-not-asked", "KAY-001", SESSION, None, {f"{CLAIMS}/kayle_document_id": ABSENT},
        "The id of the document is what recognises a person again; without it in the contract there is nothing to compare.",
    ),
    State(
        "document-id-optional", "KAY-001", SESSION, None, {f"{CLAIMS}/kayle_document_id/required": False},
        "A claim that is always shared is shown as one that the user may refuse.",
    ),
    State(
        "two-age-gates", "KAY-002", SESSION, None,
        {f"{CLAIMS}/age_over_18": claim(required=False), f"{CLAIMS}/age_over_21": claim(required=False)},
        "Of two gates, code that takes the first it finds may check the lower age.",
    ),
    State(
        "two-age-gates-of-other-lengths", "KAY-002", SESSION, None,
        {f"{CLAIMS}/age_over_18": claim(required=False), f"{CLAIMS}/age_over_118": claim(required=False)},
        "118 begins and ends like 18: a pattern without its anchors takes the two for one gate.",
    ),
    State(
        "three-age-gates", "KAY-002", SESSION, None,
        {f"{CLAIMS}/age_over_{age}": claim(required=False) for age in (12, 65, 130)},
        "The lowest, a middle and the highest age at once.",
    ),
    State(
        "birth-date-required-age-gate-not", "KAY-003", SESSION, None,
        {f"{CLAIMS}/date_of_birth": claim(required=True), f"{CLAIMS}/age_over_18": claim(required=False)},
        "Who must show the date of birth shows the age with it: the two cannot differ.",
    ),
    State(
        "age-gate-required-birth-date-not", "KAY-003", SESSION, None,
        {f"{CLAIMS}/date_of_birth": claim(required=False), f"{CLAIMS}/age_over_18": claim(required=True)},
        "The same the other way round.",
    ),
    # Why it failed.
    State(
        "failed-without-code", "KAY-004", READS, ("failed",), {"/failure_code": None},
        "Code that shows the user the reason of the failure has none to show.",
    ),
    *(
        State(
            f"code-{code.replace('_', '-')}", "KAY-004", ALONE, NOT_FAILED, {"/failure_code": code},
            "A reason for a failure that did not happen: who looks at the code before the status refuses a customer.",
        )
        for code in FREE_CODES
    ),
    *(
        State(
            f"failed-shown-as-{status}", "KAY-004", READS, ("failed",),
            {"/status": status, "/nfc_tries_used": 0, "/liveness_tries_used": 0, "/failure_code": FREE_CODES[0]},
            "The facts of a session that failed under the status of one that did not.",
        )
        for status in PEACEFUL
    ),
    *(
        State(
            f"failed-shown-as-{status.replace('_', '-')}", "KAY-004", READS, ("failed",),
            {"/status": status, "/completed_at": None, "/nfc_tries_used": 0, "/liveness_tries_used": 0,
             "/failure_code": FREE_CODES[0]},
            "An open session that already knows why it failed.",
        )
        for status in OPEN
    ),
    State(
        "shown-as-failed", "KAY-004", READ, PEACEFUL, {"/status": "failed"},
        "The status changed to failed, and nothing else did.",
    ),
    # When it ended.
    State(
        "over-without-time", "KAY-005", READS, OVER, {"/completed_at": None},
        "Code that sorts, bills or deletes by the end of the session meets null.",
    ),
    State(
        "open-with-time", "KAY-005", ALONE, OPEN, {"/completed_at": same("/updated_at")},
        "Who takes the time for the sign of the end stops polling too early.",
    ),
    *(
        State(
            f"shown-as-{status}", "KAY-005", READ, OPEN, {"/status": status},
            "The status moved to an end before the rest of the record did: two writes that should have been one.",
        )
        for status in PEACEFUL
    ),
    State(
        "shown-as-failed", "KAY-005", READ, OPEN, {"/status": "failed", "/failure_code": FREE_CODES[0]},
        "A failure with its reason and without its time.",
    ),
    *(
        State(
            f"shown-as-{status.replace('_', '-')}-again", "KAY-005", READ, PEACEFUL, {"/status": status},
            "A session that ended and is shown as open, its end still on it: a stale status from a cache.",
        )
        for status in OPEN
    ),
    # How often it was tried.
    *(
        State(
            f"three-{check}-tries", "KAY-006", ALONE, NEVER_AFTER_THREE, {f"/{check}_tries_used": 3},
            "The third failed try ends the session: another status beside the counter allows endless tries.",
        )
        for check in ("nfc", "liveness")
    ),
    State(
        "three-tries-of-both", "KAY-006", READ, NEVER_AFTER_THREE, {"/nfc_tries_used": 3, "/liveness_tries_used": 3},
        "Both counters at their end, and the session is not.",
    ),
    *(
        State(
            f"four-{check}-tries", "GEN-005", SESSION, EVERY, {f"/{check}_tries_used": 4},
            "One try more than there are: a counter compared with == 3 never ends the session.",
        )
        for check in ("nfc", "liveness")
    ),
    *(
        State(
            f"{code.replace('_', '-')}-after-{tries}-tries", rule, READS, ("failed",),
            {"/failure_code": code, f"/{check}_tries_used": tries, f"/{other}_tries_used": 0},
            "The reason says that the tries were used up, the counter that some are left.",
        )
        for rule, codes, check, other in (
            ("KAY-007", NFC_CODES, "nfc", "liveness"), ("KAY-008", LIVENESS_CODES, "liveness", "nfc")
        )
        for code in codes
        for tries in (0, 2)
    ),
    *(
        State(
            f"{code.replace('_', '-')}-by-the-other-counter", rule, READS, ("failed",),
            {"/failure_code": code, f"/{check}_tries_used": 1, f"/{other}_tries_used": 3},
            "The counter of the other check is used up: two counters that were mixed up.",
        )
        for rule, code, check, other in (
            ("KAY-007", NFC_CODES[0], "nfc", "liveness"), ("KAY-008", LIVENESS_CODES[0], "liveness", "nfc")
        )
    ),
    State(
        "token-in-a-read", "KAY-009", READS, EVERY, {"/cancel_token": "ct_1"},
        "Every reader of the session could now end it: the token belongs to the answer that made the session.",
    ),
    # Times.
    State(
        "updated-before-created", "KAY-010", READ, OPEN, {"/updated_at": earlier("/created_at", MILLISECOND)},
        "A change before there was anything to change: clocks of two machines.",
    ),
    State(
        "completed-before-created", "KAY-011", READ, OVER, {"/completed_at": earlier("/created_at", MILLISECOND)},
        "How long the session took comes out negative.",
    ),
    State(
        "completed-after-updated", "KAY-011", READ, OVER, {"/completed_at": later("/updated_at", MILLISECOND)},
        "The end is a change: who asks for everything changed since a time misses it.",
    ),
    State(
        "completed-tomorrow", "KAY-011", READ, OVER, {"/completed_at": later("/updated_at", 86_400)},
        "An end in the future, as a wrong time zone makes it.",
    ),
    State(
        "expires-before-created", "KAY-012", READ, EVERY, {"/expires_at": earlier("/created_at", MILLISECOND)},
        "A session that had run out when it was made.",
    ),
    *(
        State(
            f"{field.replace('_', '-')}-is-a-zero-date", "KAY-017", READS if field == "completed_at" else SESSION,
            ("succeeded", "failed") if field == "completed_at" else None, {f"/{field}": "0000-00-00T00:00:00.000Z"},
            "What an empty time column of MySQL looks like when it is written out: no parser takes it.",
        )
        for field in ("created_at", "updated_at", "completed_at", "expires_at")
    ),
    # Lists.
    State(
        "falling-ids", "KAY-022", LIST, None, {"/data": page("vs_" + "b" * 64, "vs_" + "a" * 64)},
        "A list is paged by the last id: out of order, whole pages are read twice or never.",
    ),
    State(
        "more-without-cursor", "KAY-023", LIST, None, {"/pagination/has_more": True, "/pagination/next_cursor": None},
        "There is more, and no way to it: a loop that ends on a null cursor loses the rest.",
    ),
    State(
        "more-with-another-cursor", "KAY-023", LIST, None,
        {"/pagination/has_more": True, "/pagination/next_cursor": "vs_" + "0" * 64},
        "The cursor is not the last entry: the next page repeats or skips.",
    ),
    State(
        "cursor-without-more", "KAY-023", LIST, None, {"/pagination/next_cursor": same("/data/0/id")},
        "A loop that goes by the cursor asks for a page that is not there, for ever where the server starts again.",
    ),
    State(
        "empty-page-with-cursor", "KAY-023", LIST, None, {"/data": [], "/pagination/next_cursor": "vs_" + "0" * 64},
        "Nothing listed and a way on.",
    ),
)  # fmt: skip

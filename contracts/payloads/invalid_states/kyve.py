"""Kyve: checks that do not go with the verification's status, lifetimes, media that last too long, pages."""

from __future__ import annotations

from typing import Any

from specimen.contracts.payloads.model.invalid_combinations import Made, State, earlier, later, same, value_at

VERIFICATION = {"getVerification": ""}
SESSION = {"createSession": "", "getSession": ""}
ENDED = {"cancelSession": ""}
LIST = {"listVerifications": ""}

EVERY = ("created", "requires_input", "in_progress", "requires_review", "completed", "failed", "canceled", "expired")
OTHERS = tuple(state for state in EVERY if state not in ("completed", "failed"))
SHOWN = ("completed", "failed", "requires_review")
CURSOR = "ver_" + "0" * 26


def checks(status: str) -> Made:
    """Every check with this status."""
    return lambda shown: [{**check, "status": status} for check in value_at(shown, "/checks")]


def closed(shown: Any) -> Any:
    """When the verification ended, or, where it has not, when it changed last."""
    return value_at(shown, "/closed_at") or value_at(shown, "/updated_at")


STATES = (
    *(
        State(
            f"completed-{check.replace('_', '-')}-{status}", rule, VERIFICATION, ("completed",),
            {f"/checks/[type={check}]/status": status},
            "Approved with a check that did not pass: who looks at the status alone lets an unverified person in.",
        )
        for check in ("document", "liveness", "face_match", "sanctions")
        for status, rule in (("failed", "KYV-001"), ("review", "KYV-022"), ("pending", "KYV-022"), ("skipped", "KYV-022"))
    ),
    State(
        "completed-with-nothing-passed", "KYV-001", VERIFICATION, ("completed",), {"/checks": checks("failed")},
        "Approved, and every single check failed.",
    ),
    *(
        State(
            "shown-as-completed", rule, VERIFICATION, states, {"/status": "completed", **ended},
            "The status moved to approved, and the checks say otherwise.",
        )
        for rule, states, ended in (
            ("KYV-001", ("failed",), {}),
            ("KYV-022", OTHERS, {"/closed_at": closed}),
        )
    ),
    *(
        State(
            f"failed-with-all-{status}", rule, VERIFICATION, ("failed",), {"/checks": checks(status)},
            "Refused, and no check says why: there is no reason to show the customer.",
        )
        for status, rule in (("passed", "KYV-002"), ("review", "KYV-023"), ("pending", "KYV-023"), ("skipped", "KYV-023"))
    ),
    State(
        "failed-without-checks", "KYV-002", VERIFICATION, ("failed",), {"/checks": []},
        "Refused without any check: a rule on each of none is kept by nothing.",
    ),
    *(
        State(
            "shown-as-failed", rule, VERIFICATION, states, {"/status": "failed", **ended},
            "The status moved to refused, and no check failed.",
        )
        for rule, states, ended in (
            ("KYV-002", ("completed",), {}),
            # Where a reviewer decided, no check need say why.
            ("KYV-023", OTHERS, {"/closed_at": closed, "/review": None}),
        )
    ),
    State(
        "media-last-an-hour", "KYV-003", VERIFICATION, SHOWN, {"/media/0/expires_at": later("/media/0/expires_at", 2_700)},
        "A picture of a passport under a URL that lasts longer than documented.",
    ),
    State(
        "media-last-a-day", "KYV-003", VERIFICATION, SHOWN, {"/media/1/expires_at": later("/media/1/expires_at", 86_400)},
        "The second picture lasts a day: not only the first counts.",
    ),
    State(
        "media-signed-for-longer", "KYV-003", VERIFICATION, SHOWN,
        {"/media/0/url": "https://media.example/1.jpg?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=901&X-Amz-Signature=0"},
        "The field says 15 minutes, the signature one second more: the signature is what the store obeys.",
    ),
    State(
        "media-unsigned", "KYV-025", VERIFICATION, SHOWN, {"/media/0/url": "https://media.example/1.jpg"},
        "A picture of a passport under a URL that anyone may open who learns it.",
    ),
    State(
        "nothing-in-detail", "KYV-024", VERIFICATION, ("requires_review",),
        {"/checks": [], "/fields": None, "/media": [], "/review": None},
        "The detail says no more than the list: what was checked is nowhere to be seen.",
    ),
    State(
        "lifetime-too-long", "KYV-005", SESSION, EVERY, {"/expires_at": later("/expires_at", 2)},
        "Who counts the session's time by the page's half hour gives up before it ends.",
    ),
    State(
        "lifetime-too-short", "KYV-005", SESSION, EVERY, {"/expires_at": earlier("/expires_at", 2)},
        "Who counts the session's time by the page's half hour sends the user to a session that ended.",
    ),
    State(
        "no-lifetime", "KYV-005", SESSION, EVERY, {"/expires_at": same("/created_at")},
        "Expired when it was made.",
    ),
    State(
        "expires-before-created", "KYV-005", SESSION, EVERY, {"/expires_at": earlier("/created_at", 1)},
        "Expired before it was made: a time zone or a sign.",
    ),
    State(
        "more-without-cursor", "KYV-019", LIST, None, {"/has_more": True, "/next_cursor": None},
        "There is more, and no way to it: a loop that ends on a null cursor loses the rest.",
    ),
    State(
        "more-with-another-cursor", "KYV-019", LIST, None, {"/has_more": True, "/next_cursor": CURSOR},
        "The cursor is not the last entry: the next page repeats or skips.",
    ),
    State(
        "cursor-without-more", "KYV-019", LIST, None, {"/next_cursor": same("/data/0/id")},
        "A loop that goes by the cursor asks for a page that is not there, for ever where the server starts again.",
    ),
    State(
        "empty-page-with-cursor", "KYV-019", LIST, None, {"/data": [], "/next_cursor": CURSOR},
        "Nothing listed and a way on.",
    ),
    *(
        State(
            f"canceled-and-{status.replace('_', '-')}", "KYV-021", ENDED, ("canceled",), {"/status": status},
            "The cancellation succeeded, and the session that it answers goes on or ended otherwise.",
        )
        for status in EVERY
        if status != "canceled"
    ),
)  # fmt: skip

"""The stories of the eighth set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.answer_differences import Do

POLLED = "pace=polls:1"
PICTURE = ("document.png", b"\x89PNG\r\n\x1a\n", "image/png")

# The operations whose answers each defect changes. Where it adds a creation, also those that show later sessions: their ids
# follow from how many there were before.
DIFFERS: dict[str, dict[str, str]] = {
    "idnow": {
        "session_open_to_everyone": "getSession",
        "flow_version_is_a_text": "getSession",
        "no_description_is_null": "getSession",
        "outcome_by_its_enum_name": "getSession",
        "outcome_null_before_the_end": "getSession",
        "started_at_left_out_before_the_start": "getSession",
        "completed_at_from_the_start": "getSession",
        "results_null_before_the_end": "getSession",
        "expiry_counted_from_each_read": "getSession",
        "subject_in_lower_case": "getSession",
        "last_result_not_referenced": "getSession",
        "blocks_of_one_short_page": "listDatablocks",
    },
    "kayle": {
        "session_read_by_anyone": "getSession",
        "success_without_error": "getSession listSessions createSession",
        "not_found_as_plain_text": "getSession",
        "failure_code_of_every_bad_end": "getSession listSessions",
        "completed_at_of_verdicts_alone": "getSession listSessions",
        "last_try_not_counted": "getSession listSessions",
        "every_field_from_the_request": "getSession listSessions createSession",
        "verification_url_without_the_token": "createSession",
        "updated_at_of_the_creation": "getSession listSessions",
        "cancelled_after_its_end": "getSession listSessions",
        "list_knows_no_expiry": "listSessions",
        "first_of_the_endpoints": "getSession listSessions createSession",
    },
    "kyve": {
        "unknown_template_is_the_default": "createSession getSession cancelSession listVerifications getVerification",
        "creation_without_the_template_version": "createSession",
        "template_as_asked_for": "createSession",
        "checks_not_run_left_out": "getVerification",
        "approved_with_a_check_in_review": "getVerification",
        "fields_of_completed_alone": "getVerification",
        "media_links_of_an_hour": "getVerification",
        "session_stays_in_progress": "getSession",
        "verification_knows_no_cancellation": "listVerifications getVerification",
        "idempotency_of_creations_alone": "cancelSession",
        "replay_shows_the_session_of_now": "createSession",
        "limit_before_the_filter": "listVerifications",
    },
    "neurovision": {
        "api_token_of_the_body_not_read": "getSessionStatus",
        "missing_session_with_404": "getSessionStatus",
        "client_key_of_any_length": "getSessionStatus",
        "whole_time_in_milliseconds": "getSessionStatus processImages",
        "no_errors_is_null": "getSessionStatus processImages",
        "id_goes_before_the_key": "getSessionStatus",
        "unidentified_client_is_null": "getSessionStatus processImages",
        "last_task_decides_alone": "getSessionStatus processImages",
        "seconds_to_live_not_counted_down": "getSessionStatus processImages",
        "client_is_always_new": "getSessionStatus processImages",
        "response_time_of_the_first_answer": "getSessionStatus",
        "history_with_the_current_attempt": "getSessionStatus processImages",
    },
    "predicate": {
        "status_without_a_key": "getStatus",
        "status_under_either_type": "getStatus streamStatus",
        "completed_at_in_milliseconds": "getStatus streamStatus",
        "no_wallets_is_null": "getStatus streamStatus",
        "user_null_without_an_identity": "getStatus",
        "completed_at_null_until_then": "getStatus streamStatus",
        "completed_at_of_a_rejection": "getStatus streamStatus",
        "unverified_wallets_not_emptied": "getStatus streamStatus",
        "retry_told_as_rejected": "getStatus",
        "wallet_verified_while_in_review": "verifyWallet",
        "first_wallet_alone": "getStatus streamStatus",
        "wallet_connected_again": "getStatus",
    },
}


async def idnow(do: Do) -> None:
    """Sessions of subjects in capitals, with an end of each kind, read until it and again; their blocks; no token."""
    flow = "/api/v1/flows/f/live/sessions"
    for scenario in ("accepted", "rejected", "error", "expired", "undescribed_steps"):
        asked = {"state": "3f1c9a", "metadata": {"subjectId": "Customer-0042-OF-2027"}}
        made = await do("POST", flow, asked, Prefer=f"scenario={scenario}, {POLLED}")
        path = f"/api/v1/live/sessions/{made['sessionContext']['sessionId']}"
        for _ in range(4):
            await do("GET", path)
        await do("GET", f"{path}/datablocks")
    made = await do("POST", flow, {})
    path = f"/api/v1/live/sessions/{made['sessionContext']['sessionId']}"
    await do("GET", path)
    await do("GET", f"{path}/datablocks")
    await do("GET", path, anonymous=True)


async def kyve(do: Do) -> None:
    """Templates by id, by slug, by none and by a wrong one; reviews; keys used again; cancellations; filtered pages."""
    for asked in ({}, {"template_slug": "full-kyc"}, {"template_id": "tpl_abc123def456"}):
        await do("POST", "/v1/sessions", asked)
    for scenario in ("review_approved", "failed_document_tampered", "completed"):
        made = await do("POST", "/v1/sessions", {}, Prefer=f"scenario={scenario}, {POLLED}")
        for _ in range(4):
            await do("GET", f"/v1/verifications/{made['verification_id']}")
        await do("GET", f"/v1/sessions/{made['id']}")
    order = {"metadata": {"order": "1"}}
    made = await do("POST", "/v1/sessions", order, Idempotency_Key="e1")
    await do("POST", "/v1/sessions", order, Idempotency_Key="e1")
    for _ in range(2):
        await do("POST", f"/v1/sessions/{made['id']}/cancel", Idempotency_Key="e2")
    await do("GET", f"/v1/sessions/{made['id']}")
    await do("GET", f"/v1/verifications/{made['verification_id']}")
    await do("GET", "/v1/verifications?limit=100")
    await do("GET", "/v1/verifications?status=canceled")
    await do("POST", "/v1/sessions", order, Idempotency_Key="e1")
    made = await do("POST", "/v1/sessions", {})
    page = await do("GET", "/v1/verifications?status=created&limit=2")
    await do("GET", f"/v1/verifications?status=created&limit=2&starting_after={page['next_cursor']}")
    await do("GET", "/v1/verifications?status=failed&limit=2")
    await do("POST", f"/v1/sessions/{made['id']}/cancel")
    await do("POST", "/v1/sessions", {"template_slug": "no-such-template"})


async def neurovision(do: Do) -> None:
    """Sessions of each end, of clients that are new, known and unknown; both identifiers at once; an API token; a long key."""
    path = "/kyc/session/status"
    documents = ("document_is_edited_failed", "document_retries")
    for number, scenario in enumerate(("success", "repeat_client", "client_without_id", *documents, "expired_from_processing")):
        key = ("clientKey", (None, f"client-{number}"))
        made = await do("POST", "/kyc/process", files=[("images", PICTURE), key], Prefer=f"scenario={scenario}, {POLLED}")
        for _ in range(3):
            await do("POST", path, {"sessionId": made["sessionId"]})
        await do("POST", "/kyc/process", files=[("images", PICTURE), ("sessionId", (None, made["sessionId"]))])
    await do("POST", path, {"clientKey": "client-0", "sessionId": made["sessionId"]})
    await do("POST", path, {"clientKey": "nobody", "sessionId": made["sessionId"]})
    asked = {"token": "5bec1e40-c6b1-11f0-8de9-0242ac120002", "sessionId": made["sessionId"]}
    await do("POST", path, asked, anonymous=True)
    await do("POST", path, {"clientKey": "k" * 37})


async def predicate(do: Do) -> None:
    """Registrations that end in each way, read by both operations; one that is found again; another type; no key."""
    scenarios = ("retry_completed", "submitted_rejected", "submitted_completed", "completed")
    for digit, scenario in zip("1234", scenarios, strict=True):
        wallet = "0x" + digit * 40
        wish = f"scenario={scenario}, {POLLED}"
        made = await do("POST", "/api/v1/register/individual", {"walletAddress": wallet}, Prefer=wish)
        for _ in range(4):
            await do("GET", f"/api/v1/status/individual/{made['sessionId']}")
            await do("POST", "/api/v1/verify", {"address": wallet})
        await do("GET", f"/api/v1/status/realtime/individual/{made['sessionId']}")
    await do("GET", f"/api/v1/status/business/{made['sessionId']}")
    await do("GET", f"/api/v1/status/realtime/business/{made['sessionId']}")
    await do("GET", f"/api/v1/status/individual/{made['sessionId']}", anonymous=True)
    made = await do("POST", "/api/v1/register/individual", {"walletAddress": "0x" + "a" * 40})
    await do("POST", "/api/v1/register/individual", {"walletAddress": "0x" + "a" * 40})
    await do("GET", f"/api/v1/status/individual/{made['sessionId']}")


async def kayle(do: Do) -> None:
    """Sessions of each end, alone and in the list; two endpoints; a cancellation after the end; a read without a key."""
    asked = {
        "share_fields": {"family_name": {"required": True, "reason": "We greet you"}},
        "webhook_endpoint_id": ["we_1", "we_2"],
    }
    made = (await do("POST", "/v1/sessions", asked))["data"]
    await do("GET", f"/v1/sessions/{made['id']}")
    await do("POST", f"/v1/sessions/{made['id']}/cancel")
    for scenario in ("succeeded", "liveness_failed", "expired", "cancelled"):
        made = (await do("POST", "/v1/sessions", {}, Prefer=f"scenario={scenario}, {POLLED}"))["data"]
        for _ in range(4):
            await do("GET", f"/v1/sessions/{made['id']}")
        if scenario == "succeeded":
            ended = made["id"]
    await do("GET", "/v1/sessions?limit=100")
    await do("GET", "/v1/sessions?status=expired")
    await do("POST", f"/v1/sessions/{ended}/cancel")
    await do("GET", f"/v1/sessions/{ended}")
    await do("GET", "/v1/sessions?limit=100")
    await do("GET", f"/v1/sessions/{ended}", anonymous=True)
    await do("GET", f"/v1/sessions/vs_{'0' * 64}")


STORIES: dict[str, Callable[[Do], Awaitable[None]]] = {
    "idnow": idnow, "kyve": kyve, "neurovision": neurovision, "predicate": predicate, "kayle": kayle,
}  # fmt: skip

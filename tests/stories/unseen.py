"""The stories of the unseen set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.answer_differences import Do

POLLED = "pace=polls:1"

# The operations whose answers each defect changes.
DIFFERS: dict[str, dict[str, str]] = {
    "idnow": {
        "longer_states_cut": "createSession",
        "no_blocks_for_unknown_sessions": "listDatablocks",
        "empty_text_before_the_start": "getSession",
        "version_as_text_once_ended": "getSession",
        "accepted_while_running": "getSession",
        "completed_when_it_started": "getSession",
        "created_as_live": "createSession",
        "expiry_slides": "getSession",
        "plus_of_a_state_read_as_a_blank": "getSession",
        "redirect_url_in_small_letters": "getSession",
        "one_sdk_token_for_all": "createSession",
        "blocks_of_the_session_before": "listDatablocks",
    },
    "kayle": {
        "longest_reason_refused": "createSession",
        "other_organizations_cancel": "cancelSession",
        "not_found_without_hint": "getSession",
        "expiry_null_once_ended": "getSession",
        "third_failure_not_counted": "getSession listSessions",
        "document_id_not_added": "createSession getSession listSessions",
        "cancelled_without_an_end": "getSession listSessions",
        "expiry_from_the_last_update": "getSession listSessions",
        "token_spent_by_a_wrong_try": "cancelByToken",
        "cancelling_again_updates": "getSession listSessions",
        "page_begins_one_late": "listSessions",
        "created_to_exclusive": "listSessions",
    },
    "kyve": {
        "not_cancelable_as_unprocessable": "cancelSession",
        "media_without_a_host": "getVerification",
        "request_id_of_another": "createSession getSession cancelSession getVerification listVerifications",
        "failed_without_a_failed_check": "getVerification",
        "an_hour_to_live": "createSession getSession cancelSession",
        "one_link_for_all_media": "getVerification",
        "metadata_as_text": "createSession getSession cancelSession getVerification listVerifications",
        "review_does_not_reach_the_verification": "getVerification",
        "third_read_from_an_old_copy": "getSession",
        "replay_as_found": "createSession",
        "keys_cut_to_the_column": "createSession",
        "filter_needs_a_limit": "listVerifications",
    },
    "neurovision": {
        "uuids_of_any_version": "getSessionStatus",
        "no_identifier_as_invalid_schema": "getSessionStatus",
        "not_found_as_404": "getSessionStatus processImages",
        "country_in_two_letters": "getSessionStatus processImages",
        "status_of_the_last_task": "getSessionStatus",
        "spent_of_the_last_task": "getSessionStatus",
        "thumbnails_as_full_images": "getSessionStatus processImages",
        "faces_left_out": "getSessionStatus",
        "success_while_tasks_run": "getSessionStatus processImages",
        "every_client_is_new": "getSessionStatus processImages",
        "form_read_as_latin_1": "getSessionStatus processImages",
        "images_make_a_new_session": "getSessionStatus processImages",
    },
    "predicate": {
        "largest_code_refused": "register",
        "stream_without_a_key": "streamStatus",
        "verified_wallets_as_addresses": "getStatus",
        "events_in_an_envelope": "streamStatus",
        "wallets_copied_when_verified": "getStatus",
        "asked_wallet_left_out": "verifyWallet",
        "size_of_the_code_ignored": "register",
        "address_in_small_letters": "verifyWallet",
        "retry_as_rejected": "getStatus",
        "not_verified_for_good": "verifyWallet",
        "stream_silent_until_a_change": "streamStatus",
        "one_session_for_both_types": "register",
    },
}


async def idnow(do: Do) -> None:
    """Two sessions until their end, one in staging; a session that does not exist; a state that is too long."""
    flow = "/api/v1/flows/f/{}/sessions"
    asked = {"state": "a+b/c==", "redirectUrl": "https://app.example.com/Done?From=Kyc"}
    made = await do("POST", flow.format("staging"), asked)
    for _ in range(2):
        await do("GET", f"/api/v1/staging/sessions/{made['sessionContext']['sessionId']}")
    for _ in range(2):
        made = await do("POST", flow.format("live"), {}, Prefer=f"scenario=accepted, {POLLED}")
        path = f"/api/v1/live/sessions/{made['sessionContext']['sessionId']}"
        for _ in range(3):
            await do("GET", path)
        await do("GET", f"{path}/datablocks")
    await do("GET", "/api/v1/live/sessions/0197c55f-5af6-7e3d-af9b-f2359b134be8/datablocks")
    await do("POST", flow.format("live"), {"state": "s" * 2049})


async def kayle(do: Do) -> None:
    """A failure after three tries, cancellations of every kind, lists in pages and by time, the longest reason."""
    failed = (await do("POST", "/v1/sessions", {}, Prefer=f"scenario=liveness_failed, {POLLED}"))["data"]
    for _ in range(4):
        await do("GET", f"/v1/sessions/{failed['id']}")
    asked = {"share_fields": {"family_name": {"required": True, "reason": "We greet you"}}}
    first, second, third = [(await do("POST", "/v1/sessions", asked))["data"] for _ in range(3)]
    for _ in range(2):
        await do("POST", f"/v1/sessions/{first['id']}/cancel")
    await do("GET", f"/v1/sessions/{first['id']}")
    await do("GET", f"/v1/sessions?limit=100&created_to={second['created_at']}")
    page = await do("GET", "/v1/sessions?limit=2")
    await do("GET", f"/v1/sessions?limit=2&starting_after={page['pagination']['next_cursor']}")
    for token in (first["cancel_token"], second["cancel_token"]):
        await do("POST", f"/v1/verify/session/{second['id']}/cancel", {"cancel_token": token}, anonymous=True)
    await do("POST", f"/v1/sessions/{third['id']}/cancel", Authorization="Bearer kk_live_other_organization")
    await do("POST", "/v1/sessions", {"share_fields": {"family_name": {"required": True, "reason": "r" * 200}}})


async def kyve(do: Do) -> None:
    """A failure, a review and a completion; metadata of every type; lists with and without a limit; keys alike."""
    for scenario in ("failed_face_match", "review_face_match", "completed"):
        made = await do("POST", "/v1/sessions", {}, Prefer=f"scenario={scenario}, {POLLED}")
        for _ in range(3):
            await do("GET", f"/v1/sessions/{made['id']}")
        await do("GET", f"/v1/verifications/{made['verification_id']}")
        await do("POST", f"/v1/sessions/{made['id']}/cancel")
    made = await do("POST", "/v1/sessions", {"metadata": {"number": 7, "is_new": True, "order": {"items": [1]}}})
    await do("GET", f"/v1/sessions/{made['id']}")
    await do("GET", f"/v1/verifications/{made['verification_id']}")
    await do("POST", f"/v1/sessions/{made['id']}/cancel")
    for query in ("status=failed", "status=failed&limit=50", "status=nothing", "limit=100"):
        await do("GET", f"/v1/verifications?{query}")
    for key in ("specimen-customer-0001", "specimen-customer-0001", "specimen-customer-0002"):
        await do("POST", "/v1/sessions", {}, Idempotency_Key=key)


async def neurovision(do: Do) -> None:
    """A client that comes again, with a key beyond ASCII; a failure; requests that find nothing; further images."""
    path = "/kyc/session/status"
    picture = ("document.png", b"\x89PNG\r\n\x1a\n", "image/png")
    for _ in range(2):
        made = await do("POST", "/kyc/process", files=[("images", picture), ("clientKey", (None, "client-1"))])
    await do("POST", path, {"sessionId": made["sessionId"]})
    for scenario in ("document_is_damaged_failed", "success"):
        made = await do("POST", "/kyc/process", files=[("images", picture)], Prefer=f"scenario={scenario}, {POLLED}")
        for _ in range(3):
            await do("POST", path, {"sessionId": made["sessionId"]})
    await do("POST", path, {})
    await do("POST", path, {"sessionId": "550e8400-e29b-41d4-a716-446655440000"})
    await do("POST", path, {"clientKey": "nobody"})
    await do("POST", "/kyc/process", files=[("images", picture), ("clientKey", (None, "клиент-1"))])
    await do("POST", path, {"clientKey": "клиент-1"})
    made = await do("POST", "/kyc/process", files=[("images", picture)])
    await do("POST", "/kyc/process", files=[("images", picture), ("sessionId", (None, made["sessionId"]))])
    await do("POST", path, {"sessionId": made["sessionId"]})


async def predicate(do: Do) -> None:
    """Codes of three sizes; a wallet before and after it is verified; retries; streams; a wallet of two types."""
    await do("POST", "/api/v1/register/individual?size=100", {})
    wallet = "0x" + "aB" * 20
    await do("POST", "/api/v1/verify", {"address": wallet})
    done = {"Prefer": "scenario=completed, pace=instant"}
    made = await do("POST", "/api/v1/register/individual", {"walletAddress": wallet}, **done)
    await do("GET", f"/api/v1/status/individual/{made['sessionId']}")
    await do("POST", "/api/v1/verify", {"address": wallet})
    for is_anonymous in (False, True):
        await do("GET", f"/api/v1/status/realtime/individual/{made['sessionId']}", anonymous=is_anonymous)
    made = await do("POST", "/api/v1/register/individual", {}, Prefer=f"scenario=retry_completed, {POLLED}")
    for _ in range(3):
        await do("GET", f"/api/v1/status/individual/{made['sessionId']}")
    await do("POST", "/api/v1/register/business", {"walletAddress": wallet})
    await do("POST", "/api/v1/register/individual?size=2000", {})


STORIES: dict[str, Callable[[Do], Awaitable[None]]] = {
    "idnow": idnow, "kayle": kayle, "kyve": kyve, "neurovision": neurovision, "predicate": predicate,
}  # fmt: skip

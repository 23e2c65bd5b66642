"""The stories of the ninth set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.answer_differences import Do

POLLED = "pace=polls:1"
PICTURE = ("document.png", b"\x89PNG\r\n\x1a\n", "image/png")

# The operations whose answers each defect changes. Where it adds a creation or refuses one, also those that show later sessions:
# their ids follow from how many there were before.
DIFFERS: dict[str, dict[str, str]] = {
    "idnow": {
        "token_without_its_scheme": "getSession",
        "discriminator_in_lower_case": "getSession",
        "not_started_is_an_empty_text": "getSession",
        "subject_cut_to_its_column": "getSession",
        "references_of_an_abortion_left_out": "getSession",
        "keys_before_the_end": "getSession",
        "end_is_no_update": "getSession",
        "completed_at_of_each_read": "getSession",
        "references_of_the_next_type": "getSession",
        "expiry_forgets_the_last_step": "getSession",
        "flow_version_of_the_newest_flow": "getSession",
        "blocks_of_completed_alone": "listDatablocks",
    },
    "kayle": {
        "id_found_in_any_case": "getSession",
        "source_request": "createSession getSession listSessions",
        "verification_url_without_host": "getSession createSession listSessions",
        "failure_code_while_retrying": "getSession listSessions",
        "tries_in_one_counter": "getSession listSessions",
        "completed_at_of_the_deadline": "getSession listSessions",
        "expired_ahead_of_time": "getSession listSessions",
        "third_failure_without_a_code": "getSession listSessions",
        "tries_forgiven_by_success": "getSession listSessions",
        "end_unknown_to_a_replica": "getSession",
        "cancel_token_null_in_lists": "listSessions",
        "list_without_tries": "listSessions",
    },
    "kyve": {
        "slug_not_read": "createSession",
        "test_mode_without_its_fallback": "createSession getSession listVerifications",
        "media_links_unsigned": "getVerification",
        "failed_check_told_as_review": "getVerification",
        "last_check_skipped_by_success": "getVerification",
        "flow_of_the_edited_template": "getSession",
        "expiry_not_watched": "getSession getVerification listVerifications",
        "progress_taken_back_by_reading": "getSession",
        "conflict_not_told": "createSession",
        "replay_dated_again": "createSession",
        "limit_of_one_more": "listVerifications",
        "review_filter_by_its_beginning": "listVerifications",
    },
    "neurovision": {
        "id_where_the_key_finds_none": "getSessionStatus",
        "key_empty_as_if_not_passed": "getSessionStatus",
        "id_not_held_to_version_one": "getSessionStatus",
        "match_as_a_fraction": "getSessionStatus",
        "session_spent_in_thousandths": "getSessionStatus",
        "retries_without_history": "getSessionStatus",
        "faces_of_a_document_alone": "getSessionStatus",
        "last_task_decides_for_all": "getSessionStatus",
        "whole_lifetime_at_every_read": "getSessionStatus",
        "response_time_from_a_cache": "getSessionStatus",
        "visit_counted_by_reads": "getSessionStatus",
        "key_matched_as_a_prefix": "getSessionStatus",
    },
    "predicate": {
        "every_other_type_is_individual": "getStatus",
        "status_with_any_key": "getStatus",
        "wallet_list_null_when_empty": "getStatus",
        "submitted_wallets_verified": "getStatus",
        "rejected_wallets_disconnected": "getStatus",
        "rejection_without_its_user": "getStatus",
        "user_id_made_at_each_read": "getStatus",
        "wallet_ids_renewed_by_verification": "getStatus",
        "retry_told_as_pending": "getStatus",
        "rejection_reopened": "getStatus",
        "last_wallet_left_unverified": "getStatus",
        "wallets_left_over_from_the_last_read": "getStatus",
    },
}


async def idnow(do: Do) -> None:
    """A session with a long subject and one that expires, each read beyond its end; a token without its scheme."""
    flow = "/api/v1/flows/0197c55f-5af6-7e3d-af9b-f2359b154be8/live/sessions"
    subject = {"metadata": {"subjectId": "customer-0001-4b5c-9f1e-7d3a2c6e8b90-of-the-web-shop"}}
    for scenario in ("accepted", "expired", "aborted"):
        made = await do("POST", flow, subject, Prefer=f"scenario={scenario}, {POLLED}")
        session = f"/api/v1/live/sessions/{made['sessionContext']['sessionId']}"
        for _ in range(4):
            await do("GET", session)
        await do("GET", f"{session}/datablocks")
        await do("GET", session, Authorization="idnow-token-specimen")


async def kayle(do: Do) -> None:
    """Sessions that use tries and succeed, use them up or expire, read and listed; an id in another case."""
    asked = {"share_fields": {"date_of_birth": {"required": True, "reason": "Needed to verify age eligibility"}}}
    for scenario in ("succeeded_after_every_retry", "liveness_failed", "expired_after_retries"):
        made = await do("POST", "/v1/sessions", asked, Prefer=f"scenario={scenario}, {POLLED}")
        shown = made["data"]["id"]
        for _ in range(8):
            await do("GET", f"/v1/sessions/{shown}")
            await do("GET", "/v1/sessions")
        await do("GET", f"/v1/sessions/vs_{shown.removeprefix('vs_').swapcase()}")


async def kyve(do: Do) -> None:
    """Sessions that require input, a review and nothing more, listed; keys that come again; templates by other means."""
    reviewed = await do("POST", "/v1/sessions", {}, Prefer="scenario=review_face_match, pace=polls:2")
    waiting = await do("POST", "/v1/sessions", {}, Prefer=f"scenario=completed, {POLLED}")
    expired = await do("POST", "/v1/sessions", {}, Prefer="scenario=expired_created, pace=instant")
    for _ in range(7):
        await do("GET", f"/v1/sessions/{reviewed['id']}")
    await do("GET", f"/v1/sessions/{waiting['id']}")
    await do("GET", f"/v1/sessions/{expired['id']}")
    for query in ("?limit=1", "?status=requires_review", "?status=expired", ""):
        await do("GET", f"/v1/verifications{query}")
    for order in (1, 1, 2):
        await do("POST", "/v1/sessions", {"metadata": {"order": order}}, Idempotency_Key="ninth")
    await do("POST", "/v1/sessions", {}, Authorization="Bearer ak_test_nodefault")
    await do("POST", "/v1/sessions", {"template_slug": "no-such-template"})


async def neurovision(do: Do) -> None:
    """A session with a key, searched for by it, by its beginning, by more and by less; a UUID of another version."""
    made = await do("POST", "/kyc/process", files={"images": PICTURE, "clientKey": (None, "ninth_client_1")})
    wanted: list[dict[str, str]] = [
        {"clientKey": "ninth_client_1"},
        {"clientKey": "ninth_client_1"},
        {"clientKey": "ninth_client"},
        {"clientKey": "nobody", "sessionId": made["sessionId"]},
        {"clientKey": ""},
        {"sessionId": "1b4e28ba-2fa1-4d1a-883f-0016d3cca427"},
    ]
    for body in wanted:
        await do("POST", "/kyc/session/status", body)


async def predicate(do: Do) -> None:
    """Sessions that end well and badly, with wallets and without, read beyond their end; a type of another name."""
    for number, scenario in enumerate(("submitted_rejected", "retry_completed", "completed_three_wallets")):
        wallet = {"walletAddress": f"0x000000000000000000000000000000000009a00{number}"}
        made = await do("POST", "/api/v1/register/individual", wallet, Prefer=f"scenario={scenario}, {POLLED}")
        for _ in range(5):
            await do("GET", f"/api/v1/status/individual/{made['sessionId']}")
    await do("GET", f"/api/v1/status/kyc/{made['sessionId']}")
    empty = await do("POST", "/api/v1/register/individual", {})
    await do("GET", f"/api/v1/status/individual/{empty['sessionId']}")


STORIES: dict[str, Callable[[Do], Awaitable[None]]] = {
    "idnow": idnow,
    "kayle": kayle,
    "kyve": kyve,
    "neurovision": neurovision,
    "predicate": predicate,
}

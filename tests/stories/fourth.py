"""The stories of the fourth set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.answer_differences import Do

POLLED = "pace=polls:1"

# The operations whose answers each defect changes.
DIFFERS: dict[str, dict[str, str]] = {
    "idnow": {
        "state_limit_in_bytes": "createSession",
        "other_ids_crash": "getSession listDatablocks",
        "empty_results_as_list": "getSession",
        "description_null_when_not_set": "getSession",
        "references_without_hyphens": "getSession",
        "no_results_when_rejected": "getSession",
        "last_step_written_once": "getSession",
        "read_times_in_local_zone": "getSession",
        "newest_flow_version_shown": "getSession",
        "subject_gone_once_ended": "getSession",
        "blocks_cut_at_four": "listDatablocks",
        "one_session_for_a_subject": "createSession",
    },
    "kayle": {
        "ids_in_any_case": "getSession",
        "token_compared_in_part": "cancelByToken",
        "cancelling_answers_a_body": "cancelSession",
        "limit_cut_at_fifty": "listSessions",
        "failure_kept_when_withdrawn": "getSession listSessions",
        "tries_of_the_other_check": "getSession listSessions",
        "every_field_required": "createSession getSession listSessions",
        "tries_begun_anew_by_success": "getSession listSessions",
        "optional_fields_gone_once_shared": "getSession listSessions",
        "cancelled_before_the_start_alone": "getSession listSessions",
        "status_lost_after_the_first_page": "listSessions",
        "created_from_by_the_day": "listSessions",
    },
    "kyve": {
        "default_for_an_unknown_slug": "createSession",
        "fifty_is_too_many": "listVerifications",
        "cancelled_in_british": "getSession cancelSession getVerification listVerifications",
        "template_id_as_asked": "createSession",
        "media_links_for_a_day": "getVerification",
        "checks_end_at_the_first_failure": "getVerification",
        "edits_reach_open_sessions": "getSession",
        "input_required_again": "getSession",
        "metadata_of_the_call_before": "createSession getSession cancelSession getVerification listVerifications",
        "metadata_not_in_the_hash": "createSession",
        "replay_with_the_present_status": "createSession",
        "filter_after_the_limit": "listVerifications",
    },
    "neurovision": {
        "both_identifiers_must_match": "getSessionStatus",
        "empty_key_as_missing": "getSessionStatus",
        "detail_path_within_the_request": "getSessionStatus",
        "tasks_in_milliseconds": "getSessionStatus processImages",
        "earlier_tries_not_kept": "getSessionStatus processImages",
        "face_compared_with_itself": "getSessionStatus processImages",
        "lifetime_below_zero": "getSessionStatus",
        "response_time_of_a_copy": "getSessionStatus",
        "ended_not_found_by_key": "getSessionStatus",
        "text_read_against_the_wish": "getSessionStatus",
        "one_session_for_a_key": "getSessionStatus processImages",
        "failed_tasks_left_out": "getSessionStatus processImages",
    },
    "predicate": {
        "unknown_session_pending": "getStatus",
        "registration_needs_a_body": "register",
        "chains_by_number": "getStatus verifyWallet",
        "events_run_together": "streamStatus",
        "user_id_of_the_wallet": "verifyWallet",
        "business_checked_as_person": "verifyWallet",
        "stream_in_local_time": "streamStatus",
        "last_registration_decides": "verifyWallet",
        "verified_when_asked": "verifyWallet",
        "wallet_ids_made_anew": "getStatus",
        "case_of_a_wallet_counts": "verifyWallet",
        "retry_registers_anew": "register",
    },
}


async def idnow(do: Do) -> None:
    """Sessions of every end, with their data blocks; ids that are none; a subject that comes twice; the longest state."""
    flow = "/api/v1/flows/f/live/sessions"
    for scenario in ("accepted", "rejected", "undescribed_steps", "completed_without_results"):
        made = await do("POST", flow, {"metadata": {"subjectId": "customer-7"}}, Prefer=f"scenario={scenario}, {POLLED}")
        path = f"/api/v1/live/sessions/{made['sessionContext']['sessionId']}"
        for _ in range(3):
            await do("GET", path)
        await do("GET", f"{path}/datablocks")
    for path in ("/api/v1/live/sessions/order-7", "/api/v1/live/sessions/order-7/datablocks"):
        await do("GET", path)
    await do("POST", flow, {"state": "é" * 2048})
    for _ in range(2):
        await do("POST", flow, {"metadata": {"subjectId": "customer-8"}})


async def kayle(do: Do) -> None:
    """A success after a failure, a withdrawal, cancellations, lists in pages; an id and a token that are nearly right."""
    asked = {"share_fields": {name: {"required": False, "reason": "We greet you"} for name in ("family_name", "sex_marker")}}
    wish = {"Prefer": f"scenario=succeeded_after_nfc_retry, {POLLED}"}
    done = (await do("POST", "/v1/sessions", asked, **wish))["data"]
    for _ in range(4):
        await do("GET", f"/v1/sessions/{done['id']}")
    await do("GET", f"/v1/sessions/vs_{done['id'][3:].swapcase()}")
    failed = (await do("POST", "/v1/sessions", {}, Prefer=f"scenario=liveness_failed, {POLLED}"))["data"]
    for _ in range(4):
        await do("GET", f"/v1/sessions/{failed['id']}")
    await do("GET", "/v1/sessions?limit=100")
    cancel = f"/v1/verify/session/{failed['id']}/cancel"
    await do("POST", cancel, {"cancel_token": failed["cancel_token"]}, anonymous=True)
    await do("GET", f"/v1/sessions/{failed['id']}")
    first, second, third = [(await do("POST", "/v1/sessions", {}, Prefer="status=created"))["data"] for _ in range(3)]
    page = await do("GET", "/v1/sessions?limit=1&status=created")
    await do("GET", f"/v1/sessions?limit=100&status=created&starting_after={page['pagination']['next_cursor']}")
    await do("GET", f"/v1/sessions?limit=100&created_from={third['created_at']}")
    await do("POST", f"/v1/sessions/{first['id']}/cancel")
    started = (await do("POST", "/v1/sessions", {}, Prefer=f"scenario=succeeded, {POLLED}"))["data"]
    await do("GET", f"/v1/sessions/{started['id']}")
    await do("POST", f"/v1/sessions/{started['id']}/cancel")
    await do("GET", f"/v1/sessions/{started['id']}")
    await do("GET", "/v1/sessions?limit=100")
    token = second["cancel_token"][:-1] + ("0" if second["cancel_token"][-1] != "0" else "1")
    await do("POST", f"/v1/verify/session/{second['id']}/cancel", {"cancel_token": token}, anonymous=True)
    await do("GET", f"/v1/sessions/{third['id']}")


async def kyve(do: Do) -> None:
    """Metadata and none, several failures, a session that stays open and is canceled, lists by status, keys used again."""
    await do("POST", "/v1/sessions", {"metadata": {"customer_id": "a"}})
    made = await do("POST", "/v1/sessions", {}, Prefer=f"scenario=failed_document_unreadable, {POLLED}")
    for _ in range(4):
        await do("GET", f"/v1/sessions/{made['id']}")
    await do("GET", f"/v1/verifications/{made['verification_id']}")
    made = await do("POST", "/v1/sessions", {}, Prefer="status=in_progress")
    for _ in range(3):
        await do("GET", f"/v1/sessions/{made['id']}")
    for _ in range(2):
        await do("POST", f"/v1/sessions/{made['id']}/cancel")
    await do("GET", f"/v1/sessions/{made['id']}")
    await do("GET", f"/v1/verifications/{made['verification_id']}")
    for query in ("status=failed&limit=2", "limit=50", "status=canceled&limit=25"):
        await do("GET", f"/v1/verifications?{query}")
    made = await do("POST", "/v1/sessions", {}, Idempotency_Key="k1")
    await do("POST", f"/v1/sessions/{made['id']}/cancel")
    await do("POST", "/v1/sessions", {}, Idempotency_Key="k1")
    for customer in ("a", "b"):
        await do("POST", "/v1/sessions", {"metadata": {"customer_id": customer}}, Idempotency_Key="k2")
    await do("POST", "/v1/sessions", {"template_slug": "of-nobody"})


async def neurovision(do: Do) -> None:
    """Two clients, one that comes again; ends of every kind; a document without its text; identifiers together and empty."""
    path = "/kyc/session/status"
    picture = ("document.png", b"\x89PNG\r\n\x1a\n", "image/png")
    for scenario in ("success", "document_is_damaged_failed", "document_retries", "expired_from_processing"):
        wish = {"Prefer": f"scenario={scenario}, {POLLED}"}
        made = await do("POST", "/kyc/process", files=[("images", picture), ("clientKey", (None, scenario))], **wish)
        for _ in range(4):
            await do("POST", path, {"sessionId": made["sessionId"]})
        await do("POST", path, {"clientKey": scenario})
        await do("POST", "/kyc/process", files=[("images", picture), ("sessionId", (None, made["sessionId"]))])
    await do("POST", path, {"clientKey": "success", "sessionId": made["sessionId"]})
    await do("POST", path, {"clientKey": ""})
    await do("POST", path, {"sessionId": "order-7"})
    wish = {"Prefer": f"scenario=document_only, {POLLED}"}
    made = await do("POST", "/kyc/process", files=[("images", picture), ("ocr", (None, "false"))], **wish)
    for _ in range(3):
        await do("POST", path, {"sessionId": made["sessionId"]})
    for _ in range(2):
        made = await do("POST", "/kyc/process", files=[("images", picture), ("clientKey", (None, "client-9"))])
    await do("POST", path, {"clientKey": "client-9"})


async def predicate(do: Do) -> None:
    """Ends of every kind, a wallet of two types and in two spellings, streams, a retry; registrations without a body."""
    wallets = ["0x" + letter * 40 for letter in "ABCD"]
    scenarios = ("submitted_completed", "rejected", "business_completed")
    for wallet, scenario in zip(wallets, scenarios, strict=False):
        kind = "business" if scenario.startswith("business") else "individual"
        wish = {"Prefer": f"scenario={scenario}, {POLLED}"}
        made = await do("POST", f"/api/v1/register/{kind}", {"walletAddress": wallet}, **wish)
        for _ in range(3):
            await do("GET", f"/api/v1/status/{kind}/{made['sessionId']}")
        await do("GET", f"/api/v1/status/realtime/{kind}/{made['sessionId']}")
        for spelled in (wallet, wallet.lower()):
            await do("POST", "/api/v1/verify", {"address": spelled})
    await do("GET", "/api/v1/status/individual/550e8400-e29b-41d4-a716-446655440000")
    await do("POST", "/api/v1/register/business", {"walletAddress": wallets[0]})
    await do("POST", "/api/v1/verify", {"address": wallets[0]})
    made = await do("POST", "/api/v1/register/individual", {"walletAddress": wallets[3]}, Prefer=f"scenario=retry, {POLLED}")
    await do("GET", f"/api/v1/status/individual/{made['sessionId']}")
    await do("POST", "/api/v1/register/individual", {"walletAddress": wallets[3]})
    await do("POST", "/api/v1/register/individual")


STORIES: dict[str, Callable[[Do], Awaitable[None]]] = {
    "idnow": idnow, "kayle": kayle, "kyve": kyve, "neurovision": neurovision, "predicate": predicate,
}  # fmt: skip

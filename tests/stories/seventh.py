"""The stories of the seventh set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.answer_differences import Do

POLLED = "pace=polls:1"
PICTURE = ("document.png", b"\x89PNG\r\n\x1a\n", "image/png")

# The operations whose answers each defect changes. Where it refuses or adds a creation, also those that show later sessions:
# their ids follow from how many there were before.
DIFFERS: dict[str, dict[str, str]] = {
    "idnow": {
        "results_left_out_while_empty": "getSession",
        "aborted_called_cancelled": "getSession",
        "blocks_without_a_token": "listDatablocks",
        "environment_not_looked_at": "getSession listDatablocks",
        "completed_at_of_completed_alone": "getSession",
        "started_when_created": "getSession",
        "last_step_lost_at_an_early_end": "getSession",
        "deleted_content_is_an_empty_object": "listDatablocks",
        "updated_at_is_never_moved": "getSession",
        "subject_not_stored": "getSession",
        "references_by_ids_of_their_own": "getSession",
        "blocks_newest_first": "listDatablocks",
    },
    "kayle": {
        "token_told_at_each_read": "getSession",
        "not_found_without_help": "getSession",
        "any_token_cancels": "cancelByToken getSession listSessions",
        "limit_cut_to_a_hundred": "listSessions",
        "failure_code_never_set": "getSession listSessions",
        "liveness_tries_not_counted": "getSession listSessions",
        "every_field_by_default": "createSession getSession listSessions",
        "redirect_url_not_stored": "getSession listSessions",
        "rows_as_first_listed": "listSessions",
        "page_begins_with_its_cursor": "listSessions",
        "cursor_on_the_last_page": "listSessions",
        "deleted_endpoint_still_listed": "listWebhookEndpoints",
    },
    "kyve": {
        "listed_without_a_key": "listVerifications",
        "canceled_with_two_ls": "getSession cancelSession getVerification listVerifications",
        "media_from_a_public_store": "getVerification",
        "failed_with_passed_checks": "getVerification",
        "fields_not_joined": "getVerification",
        "slug_not_looked_at": "createSession getSession cancelSession getVerification listVerifications",
        "detail_as_first_read": "getVerification",
        "cancellation_not_saved": "cancelSession getSession getVerification listVerifications",
        "creation_without_idempotency": "createSession getSession cancelSession getVerification listVerifications",
        "key_without_the_bodys_hash": "createSession",
        "list_of_every_status": "listVerifications",
        "look_ahead_not_cut_off": "listVerifications",
    },
    "neurovision": {
        "not_found_by_its_status": "getSessionStatus",
        "contacts_null": "getSessionStatus processImages",
        "uuid_of_any_version": "getSessionStatus",
        "empty_key_is_left_out": "getSessionStatus",
        "total_in_milliseconds": "getSessionStatus processImages",
        "session_id_before_client_key": "getSessionStatus",
        "history_always_empty": "getSessionStatus processImages",
        "failed_tasks_succeed": "getSessionStatus processImages",
        "lifetime_not_counted_down": "getSessionStatus processImages",
        "client_always_new": "getSessionStatus processImages",
        "created_when_answered": "getSessionStatus processImages",
        "client_key_not_shown": "getSessionStatus processImages",
    },
    "predicate": {
        "stream_open_to_all": "streamStatus",
        "type_of_the_path_ignored": "getStatus",
        "submitted_called_in_review": "getStatus verifyWallet",
        "stream_in_plain_text": "streamStatus",
        "completed_at_null_before": "getStatus streamStatus",
        "wallets_not_moved_when_completed": "getStatus streamStatus",
        "wallets_verified_when_submitted": "getStatus",
        "user_missing_when_completed": "getStatus streamStatus",
        "completed_anew_at_each_read": "getStatus",
        "unverified_is_cached": "verifyWallet",
        "wallet_registered_twice": "register getStatus streamStatus verifyWallet",
        "type_asked_for_ignored": "verifyWallet",
    },
}


async def idnow(do: Do) -> None:
    """A session as it was made, and sessions of four ends with their data blocks, also without a token and elsewhere."""
    asked = {"metadata": {"subjectId": "customer-7"}, "state": "b7c1"}
    made = await do("POST", "/api/v1/flows/f/live/sessions", asked)
    await do("GET", f"/api/v1/live/sessions/{made['sessionContext']['sessionId']}")
    for scenario in ("accepted", "data_deleted", "aborted", "error"):
        made = await do("POST", "/api/v1/flows/f/live/sessions", asked, Prefer=f"scenario={scenario}, {POLLED}")
        path = f"/api/v1/live/sessions/{made['sessionContext']['sessionId']}"
        for _ in range(3):
            await do("GET", path)
        await do("GET", f"{path}/datablocks")
    await do("GET", f"{path}/datablocks", anonymous=True)
    for other in (path, f"{path}/datablocks"):
        await do("GET", other.replace("live", "staging"))


async def kayle(do: Do) -> None:
    """Sessions of three ends, pages, an endpoint that is deleted, what is not found; last a token of another session."""
    asked = {
        "redirect_url": "https://shop.example/verified",
        "share_fields": {"family_name": {"required": True, "reason": "We greet you"}},
    }
    made = []
    for scenario in ("liveness_failed", "document_chip_authentication_failed", "succeeded"):
        made.append((await do("POST", "/v1/sessions", asked, Prefer=f"scenario={scenario}, {POLLED}"))["data"])
        await do("GET", f"/v1/sessions/{made[-1]['id']}")
    await do("GET", "/v1/sessions")
    for session in made:
        for _ in range(4):
            await do("GET", f"/v1/sessions/{session['id']}")
    page = await do("GET", "/v1/sessions?limit=2")
    await do("GET", f"/v1/sessions?limit=2&starting_after={page['pagination']['next_cursor']}")
    await do("GET", "/v1/sessions?limit=101")
    await do("GET", "/v1/sessions")
    await do("GET", f"/v1/sessions/vs_{'7' * 64}")
    kept, gone = [
        (await do("POST", "/v1/webhooks/endpoints", {"url": f"https://shop.example/{name}"}))["data"]["endpoint"]["id"]
        for name in ("kept", "gone")
    ]
    await do("DELETE", f"/v1/webhooks/endpoints/{gone}")
    for endpoint in (kept, gone):
        await do("GET", f"/v1/webhooks/endpoints/{endpoint}")
    await do("GET", "/v1/webhooks/endpoints")
    first, second = [(await do("POST", "/v1/sessions", {}))["data"] for _ in range(2)]
    await do("POST", f"/v1/verify/session/{first['id']}/cancel", {"cancel_token": second["cancel_token"]}, anonymous=True)
    await do("GET", f"/v1/sessions/{first['id']}")
    await do("GET", "/v1/sessions?limit=100")


async def kyve(do: Do) -> None:
    """Sessions of several ends while they go on, lists; last a template by its slug, a cancellation and keys used again."""
    for scenario in ("completed", "failed_several", "canceled_in_progress", "review_face_match"):
        made = await do("POST", "/v1/sessions", {"metadata": {"order": scenario}}, Prefer=f"scenario={scenario}, {POLLED}")
        await do("GET", f"/v1/verifications/{made['verification_id']}")
        for _ in range(3):
            await do("GET", f"/v1/sessions/{made['id']}")
        await do("GET", f"/v1/verifications/{made['verification_id']}")
    await do("GET", "/v1/verifications?status=requires_review&limit=50")
    await do("GET", "/v1/verifications?limit=2")
    await do("GET", "/v1/verifications", anonymous=True)
    made = await do("POST", "/v1/sessions", {"template_slug": "full-kyc"})
    await do("POST", f"/v1/sessions/{made['id']}/cancel")
    await do("GET", f"/v1/sessions/{made['id']}")
    await do("GET", f"/v1/verifications/{made['verification_id']}")
    await do("GET", "/v1/verifications")
    for order in ("7", "7", "8"):
        await do("POST", "/v1/sessions", {"metadata": {"order": order}}, Idempotency_Key="seventh")
    made = await do("POST", "/v1/sessions", {})
    await do("GET", f"/v1/sessions/{made['id']}")
    await do("GET", f"/v1/verifications/{made['verification_id']}")
    await do("POST", f"/v1/sessions/{made['id']}/cancel")


async def neurovision(do: Do) -> None:
    """Sessions of several ends, read by both identifiers; identifiers that are not right."""
    status = "/kyc/session/status"
    made = []
    for scenario in ("repeat_client", "document_retries", "face_mismatch", "expired_from_processing", "id_card"):
        asked = [("images", PICTURE), ("images", PICTURE), ("clientKey", (None, f"client-{scenario}"[:36]))]
        made.append(await do("POST", "/kyc/process", files=asked, Prefer=f"scenario={scenario}, {POLLED}"))
        for _ in range(2):
            await do("POST", status, {"sessionId": made[-1]["sessionId"]})
        await do("POST", "/kyc/process", files=[("images", PICTURE), ("sessionId", (None, made[-1]["sessionId"]))])
    await do("POST", status, {"sessionId": made[0]["sessionId"], "clientKey": made[1]["clientKey"]})
    await do("POST", status, {"clientKey": "nobody"})
    await do("POST", status, {"sessionId": "550e8400-e29b-41d4-a716-446655440000"})
    await do("POST", status, {"clientKey": "", "sessionId": made[0]["sessionId"]})


async def predicate(do: Do) -> None:
    """Wallets of persons and of a company until they are verified, under review, refused; last a wallet that comes twice."""
    several, reviewed, refused, company = ("0x" + letter * 40 for letter in "6789")
    for kind, scenario, wallet in (
        ("individual", "completed_three_wallets", several),
        ("individual", "submitted_completed", reviewed),
        ("individual", "rejected", refused),
        ("business", "business_completed", company),
    ):
        wish = {"Prefer": f"scenario={scenario}, {POLLED}"}
        made = await do("POST", f"/api/v1/register/{kind}", {"walletAddress": wallet}, **wish)
        path = f"{kind}/{made['sessionId']}"
        for _ in range(3):
            await do("POST", "/api/v1/verify", {"address": wallet})
            await do("GET", f"/api/v1/status/{path}")
        await do("GET", f"/api/v1/status/realtime/{path}")
        await do("GET", f"/api/v1/status/realtime/{path}", anonymous=True)
    await do("GET", f"/api/v1/status/individual/{made['sessionId']}")
    await do("POST", "/api/v1/verify", {"address": company, "type": "individual"})
    for _ in range(2):
        await do("POST", "/api/v1/register/individual", {"walletAddress": "0x" + "a" * 40})


STORIES: dict[str, Callable[[Do], Awaitable[None]]] = {
    "idnow": idnow, "kayle": kayle, "kyve": kyve, "neurovision": neurovision, "predicate": predicate,
}  # fmt: skip

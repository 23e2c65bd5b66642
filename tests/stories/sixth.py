"""The stories of the sixth set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.answer_differences import Do

POLLED = "pace=polls:1"
PICTURE = ("document.png", b"\x89PNG\r\n\x1a\n", "image/png")

# The operations whose answers each defect changes. Where it refuses or adds a creation, also those that show later sessions:
# their ids follow from how many there were before.
DIFFERS: dict[str, dict[str, str]] = {
    "idnow": {
        "charset_beside_json_refused": "createSession",
        "discriminator_in_small_letters": "getSession",
        "last_step_in_a_list": "getSession",
        "updated_to_the_second": "getSession",
        "references_in_capitals": "getSession",
        "references_crossed": "getSession",
        "inputs_among_the_results": "getSession",
        "not_started_is_year_one": "getSession",
        "state_cut_at_255": "getSession",
        "subject_in_ascii": "getSession",
        "three_blocks_at_most": "listDatablocks",
        "deleted_blocks_not_listed": "listDatablocks",
    },
    "kayle": {
        "no_fields_refused": "createSession",
        "not_found_said_to_be_html": "getSession",
        "no_error_no_member": "getSession listSessions",
        "code_of_the_last_try": "getSession listSessions",
        "expired_without_an_end": "getSession listSessions",
        "cancelling_again_moves_the_end": "getSession listSessions",
        "one_token_for_all": "createSession cancelByToken listSessions",
        "labels_lost_by_other_updates": "updateWebhookEndpoint getWebhookEndpoint listWebhookEndpoints",
        "limit_says_how_many_came": "listSessions",
        "twenty_without_a_limit": "listSessions",
        "unopened_not_listed": "listSessions",
        "list_of_required_fields": "listSessions",
    },
    "kyve": {
        "queue_by_the_events_name": "listVerifications",
        "cancelled_in_the_list": "listVerifications",
        "undecided_checks_left_out": "getVerification",
        "fields_for_reviewers_alone": "getVerification",
        "link_outlives_its_word": "getVerification",
        "last_check_still_pending": "getVerification",
        "completed_can_be_canceled": "getSession cancelSession getVerification listVerifications",
        "reload_goes_back": "getSession",
        "replay_signs_anew": "createSession",
        "canceled_ones_not_listed": "listVerifications",
        "keys_fold_case": "createSession",
        "filtered_after_the_limit": "listVerifications",
    },
    "neurovision": {
        "key_counted_in_bytes": "getSessionStatus",
        "blank_key_refused": "getSessionStatus",
        "no_pictures_is_null": "getSessionStatus processImages",
        "total_cut_to_seconds": "getSessionStatus processImages",
        "both_faces_of_the_document": "getSessionStatus processImages",
        "countries_of_the_olympics": "getSessionStatus processImages",
        "mismatch_is_an_exception": "getSessionStatus processImages",
        "email_left_from_the_last": "getSessionStatus processImages",
        "new_until_there_is_another": "getSessionStatus processImages",
        "named_session_not_gone_on_with": "getSessionStatus processImages",
        "key_escaped_for_html": "getSessionStatus processImages",
        "not_found_is_kept": "getSessionStatus",
    },
    "predicate": {
        "registering_needs_a_body": "register",
        "no_stream_for_businesses": "streamStatus",
        "stream_of_the_bare_status": "streamStatus",
        "event_in_a_text": "streamStatus",
        "wallets_keyed_by_address": "getStatus",
        "verified_at_in_local_time": "verifyWallet",
        "stream_waits_for_a_change": "streamStatus",
        "wallets_numbered_anew": "getStatus",
        "another_user_once_completed": "getStatus",
        "submitted_is_used_again": "register",
        "redirect_of_another_session": "register",
        "type_looked_at_last": "verifyWallet",
    },
}


async def idnow(do: Do) -> None:
    """Sessions of five ends with their data blocks; last a body that names its charset."""
    asked = {
        "input": {"customerForm": {"plan": "gold"}},
        "metadata": {"subjectId": "Zoë Łukasz"},
        "redirectUrl": "https://shop.example/done",
        "state": "0123456789" * 30,
    }
    for scenario in ("accepted", "undescribed_steps", "data_deleted", "aborted", "error"):
        made = await do("POST", "/api/v1/flows/f/live/sessions", asked, Prefer=f"scenario={scenario}, {POLLED}")
        path = f"/api/v1/live/sessions/{made['sessionContext']['sessionId']}"
        for _ in range(3):
            await do("GET", path)
        await do("GET", f"{path}/datablocks")
    with_charset = {"Content-Type": "application/json; charset=utf-8"}
    await do("POST", "/api/v1/flows/f/live/sessions", raw=b'{"metadata":{"subjectId":"42"}}', **with_charset)


async def kayle(do: Do) -> None:
    """A failure and an expiry, lists, an endpoint that is changed, a token of another session; last no share fields at all."""
    for scenario, reads in (("liveness_failed", 5), ("expired_after_retries", 5)):
        made = (await do("POST", "/v1/sessions", {}, Prefer=f"scenario={scenario}, {POLLED}"))["data"]
        for _ in range(reads):
            await do("GET", f"/v1/sessions/{made['id']}")
    await do("GET", f"/v1/sessions/vs_{'0' * 64}")
    first, second, third = [(await do("POST", "/v1/sessions", {}))["data"] for _ in range(3)]
    await do("GET", "/v1/sessions")
    hook = {"url": "https://shop.example/hooks/kayle", "name": "Orders", "labels": ["orders"]}
    endpoint = (await do("POST", "/v1/webhooks/endpoints", hook))["data"]["endpoint"]
    await do("PATCH", f"/v1/webhooks/endpoints/{endpoint['id']}", {"enabled": False})
    await do("GET", f"/v1/webhooks/endpoints/{endpoint['id']}")
    await do("GET", "/v1/webhooks/endpoints")
    for _ in range(2):
        await do("POST", f"/v1/sessions/{first['id']}/cancel")
    await do("GET", f"/v1/sessions/{first['id']}")
    token = {"cancel_token": second["cancel_token"]}
    await do("POST", f"/v1/verify/session/{third['id']}/cancel", token, anonymous=True)
    await do("GET", f"/v1/sessions/{third['id']}")
    token = {"cancel_token": third["cancel_token"]}
    await do("POST", f"/v1/verify/session/{third['id']}/cancel", token, anonymous=True)
    await do("GET", "/v1/sessions?limit=100")
    await do("POST", "/v1/sessions", {"share_fields": {}})


async def kyve(do: Do) -> None:
    """Sessions of every end with their verifications and a list, keys that come again and near ones."""
    for scenario in ("completed", "failed_face_match", "review_face_match", "canceled_requires_input"):
        made = await do("POST", "/v1/sessions", {}, Prefer=f"scenario={scenario}, {POLLED}")
        for _ in range(4):
            await do("GET", f"/v1/sessions/{made['id']}")
        await do("GET", f"/v1/verifications/{made['verification_id']}")
    await do("GET", "/v1/verifications?status=completed&limit=1")
    made = await do("POST", "/v1/sessions", {"metadata": {"customer_id": "a"}}, Idempotency_Key="Key-1")
    for _ in range(2):
        await do("POST", f"/v1/sessions/{made['id']}/cancel", Idempotency_Key="Key-2")
    await do("GET", f"/v1/verifications/{made['verification_id']}")
    for customer in "ab":
        await do("POST", "/v1/sessions", {"metadata": {"customer_id": customer}}, Idempotency_Key="Key-1")
    made = await do("POST", "/v1/sessions", {}, Prefer=f"scenario=completed, {POLLED}")
    for _ in range(3):
        await do("GET", f"/v1/sessions/{made['id']}")
    await do("POST", f"/v1/sessions/{made['id']}/cancel")
    await do("GET", f"/v1/sessions/{made['id']}")
    await do("GET", f"/v1/verifications/{made['verification_id']}")
    await do("GET", "/v1/verifications?limit=5")
    await do("GET", "/v1/verifications?status=requires_review&limit=50")
    made = await do("POST", "/v1/sessions", {})
    await do("GET", f"/v1/sessions/{made['id']}")
    await do("GET", f"/v1/verifications/{made['verification_id']}")
    await do("POST", f"/v1/sessions/{made['id']}/cancel")
    await do("GET", "/v1/verifications?limit=5")
    await do("POST", "/v1/sessions", {"metadata": {"customer_id": "a"}}, Idempotency_Key="kEY-1")


async def neurovision(do: Do) -> None:
    """Clients with keys of all letters, one that comes twice, an id card, other faces, more images, keys of nobody."""
    status = "/kyc/session/status"
    for scenario, key in (
        ("success", "Smith & Sons"),
        ("success", "Smith & Sons"),
        ("id_card", "клиент-номер-двадцать-пять"),
        ("face_mismatch", "client-9"),
        ("repeat_client", "client-9"),
    ):
        wish = {"Prefer": f"scenario={scenario}, {POLLED}"}
        made = await do("POST", "/kyc/process", files=[("images", PICTURE), ("clientKey", (None, key))], **wish)
        for _ in range(3):
            await do("POST", status, {"sessionId": made["sessionId"]})
        await do("POST", status, {"clientKey": key})
        await do("POST", "/kyc/process", files=[("images", PICTURE), ("sessionId", (None, made["sessionId"]))])
    first = await do("POST", "/kyc/process", files=[("images", PICTURE), ("clientKey", (None, "client-10"))])
    await do("POST", "/kyc/process", files=[("images", PICTURE), ("clientKey", (None, "client-10"))])
    await do("POST", status, {"sessionId": first["sessionId"]})
    more = await do("POST", "/kyc/process", files=[("images", PICTURE), ("sessionId", (None, first["sessionId"]))])
    await do("POST", status, {"sessionId": more["sessionId"]})
    for key in ("nobody", " "):
        await do("POST", status, {"clientKey": key})
    await do("POST", "/kyc/process", files=[("images", PICTURE), ("clientKey", (None, "nobody"))])
    await do("POST", status, {"clientKey": "nobody"})


async def predicate(do: Do) -> None:
    """Wallets on several chains and of both types, under review, streams of what is over, no body."""
    reviewed, several, again = ("0x" + letter * 40 for letter in "234")
    for kind, scenario, wallet in (
        ("individual", "submitted_completed", reviewed),
        ("individual", "completed_three_wallets", several),
        ("business", "business_completed", several),
        ("individual", "submitted", again),
    ):
        wish = {"Prefer": f"scenario={scenario}, {POLLED}"}
        made = await do("POST", f"/api/v1/register/{kind}", {"walletAddress": wallet}, **wish)
        for _ in range(3):
            await do("GET", f"/api/v1/status/{kind}/{made['sessionId']}")
        if scenario != "submitted":
            await do("GET", f"/api/v1/status/realtime/{kind}/{made['sessionId']}")
        for asked in ({}, {"type": "individual"}):
            await do("POST", "/api/v1/verify", {"address": wallet, **asked})
    await do("POST", "/api/v1/register/individual")
    await do("POST", "/api/v1/register/individual", {"walletAddress": again})
    for _ in range(2):
        await do("POST", "/api/v1/register/individual", {"walletAddress": "0x" + "5" * 40})


STORIES: dict[str, Callable[[Do], Awaitable[None]]] = {
    "idnow": idnow, "kayle": kayle, "kyve": kyve, "neurovision": neurovision, "predicate": predicate,
}  # fmt: skip

"""The stories of the fifth set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.answer_differences import Do

POLLED = "pace=polls:1"
PICTURE = ("document.png", b"\x89PNG\r\n\x1a\n", "image/png")
# What the mock takes as a token in a body.
TOKEN = "5bec1e40-c6b1-11f0-8de9-0242ac120002"

# The operations whose answers each defect changes. Where it refuses or adds a creation, also those that show later sessions:
# their ids follow from how many there were before.
DIFFERS: dict[str, dict[str, str]] = {
    "idnow": {
        "session_looked_up_before_the_token": "getSession",
        "metadata_need_a_subject": "createSession",
        "empty_step_before_the_first": "getSession",
        "results_numbered": "getSession",
        "zeros_before_a_subject_lost": "getSession",
        "query_cut_from_the_redirect": "getSession",
        "clock_stands_still": "listDatablocks",
        "created_when_it_started": "getSession",
        "start_lost_when_broken_off": "getSession",
        "blocks_of_the_person": "listDatablocks",
        "no_blocks_no_session": "listDatablocks",
        "flow_kept_for_the_environment": "createSession getSession",
    },
    "kayle": {
        "cancelling_needs_a_body": "cancelSession",
        "lowest_age_refused": "createSession getSession listSessions cancelByToken",
        "endpoints_in_one_text": "createSession getSession listSessions",
        "documentation_without_a_host": "getSession cancelSession",
        "redirect_that_nobody_gave": "createSession getSession listSessions",
        "age_gate_left_optional": "createSession getSession listSessions",
        "one_failure_for_all": "getSession listSessions",
        "contract_counts_updates": "getSession listSessions",
        "end_moved_by_the_withdrawal": "getSession listSessions",
        "token_deleted_by_cancelling": "cancelByToken",
        "either_bound_is_enough": "listSessions",
        "cursor_must_match_the_filter": "listSessions",
    },
    "kyve": {
        "long_keys_refused": "createSession getSession cancelSession getVerification listVerifications",
        "no_scaffold_in_test_mode": "createSession getSession cancelSession getVerification listVerifications",
        "no_metadata_is_null": "createSession getSession cancelSession getVerification listVerifications",
        "cursor_as_a_link": "listVerifications",
        "names_the_other_way_round": "getVerification",
        "sdk_token_for_a_day": "createSession getSession cancelSession",
        "verification_of_a_newer_version": "getVerification listVerifications",
        "canceling_does_not_close": "getVerification listVerifications",
        "verification_made_when_loaded": "getVerification",
        "conflict_takes_the_key": "createSession",
        "keys_of_empty_bodies_not_kept": "createSession cancelSession getVerification listVerifications",
        "lists_from_a_cache": "listVerifications",
    },
    "neurovision": {
        "token_in_the_header_alone": "getSessionStatus",
        "keys_of_digits_refused": "getSessionStatus",
        "match_without_its_sign": "getSessionStatus processImages",
        "unknown_client_is_null": "getSessionStatus processImages",
        "dates_with_the_month_first": "getSessionStatus processImages",
        "key_in_small_letters": "getSessionStatus processImages",
        "lifetime_stands_still": "getSessionStatus",
        "task_started_when_asked": "getSessionStatus processImages",
        "results_handed_over_once": "getSessionStatus processImages",
        "pictures_of_the_session_before": "getSessionStatus processImages",
        "client_numbered_by_session": "getSessionStatus processImages",
        "key_replaced_by_an_upload": "getSessionStatus processImages",
    },
    "predicate": {
        "origin_must_be_bare": "register getStatus streamStatus verifyWallet",
        "wallets_of_other_chains_refused": "verifyWallet",
        "type_needed_to_look_up": "verifyWallet",
        "event_over_several_lines": "streamStatus",
        "checked_as_in_paths": "verifyWallet",
        "verified_by_the_day": "verifyWallet",
        "one_chain_for_all_wallets": "verifyWallet",
        "status_of_any_type": "verifyWallet",
        "completed_again_by_registering": "getStatus",
        "known_by_the_question": "verifyWallet",
        "status_of_the_first_session": "verifyWallet",
        "codes_kept_by_size": "register",
    },
}


async def idnow(do: Do) -> None:
    """Sessions of two flows and of one person, with their data blocks; one that nobody made, without a token."""
    asked = {"metadata": {"subjectId": "0042"}, "redirectUrl": "https://shop.example/done?order=7"}
    for flow, scenario in (
        ("f", "accepted"),
        ("f", "completed_without_results"),
        ("g", "aborted"),
        ("g", "aborted_before_start"),
    ):
        made = await do("POST", f"/api/v1/flows/{flow}/live/sessions", asked, Prefer=f"scenario={scenario}, {POLLED}")
        path = f"/api/v1/live/sessions/{made['sessionContext']['sessionId']}"
        for _ in range(3):
            await do("GET", path)
        await do("GET", f"{path}/datablocks")
    await do("POST", "/api/v1/flows/f/live/sessions", {"metadata": {}})
    await do("GET", "/api/v1/live/sessions/0197c55f-5af6-7e3d-af9b-f2359b134be8", anonymous=True)


async def kayle(do: Do) -> None:
    """Age gates, endpoints and none, a failure and its withdrawal, both ways to cancel, lists by moment and after a page."""
    birth = {"required": True, "reason": "We greet you"}
    gate = {"required": False, "reason": "We sell wine"}
    for age in ("age_over_12", "age_over_18"):
        made = await do("POST", "/v1/sessions", {"share_fields": {"date_of_birth": birth, age: gate}})
        await do("GET", f"/v1/sessions/{made['data']['id']}")
    made = await do("POST", "/v1/sessions", {"webhook_endpoint_id": ["whe_1", "whe_2"]})
    await do("GET", f"/v1/sessions/{made['data']['id']}")
    failed = (await do("POST", "/v1/sessions", {}, Prefer=f"scenario=liveness_failed, {POLLED}"))["data"]
    for _ in range(6):
        await do("GET", f"/v1/sessions/{failed['id']}")
    await do("GET", "/v1/sessions?limit=100")
    token = {"cancel_token": failed["cancel_token"]}
    await do("POST", f"/v1/verify/session/{failed['id']}/cancel", token, anonymous=True)
    await do("GET", f"/v1/sessions/{failed['id']}")
    open_ones = [(await do("POST", "/v1/sessions", {}))["data"] for _ in range(3)]
    first, second, _ = open_ones
    await do("GET", f"/v1/sessions?created_from={first['created_at']}&created_to={first['created_at']}")
    await do("POST", f"/v1/sessions/{second['id']}/cancel")
    token = {"cancel_token": second["cancel_token"]}
    await do("POST", f"/v1/verify/session/{second['id']}/cancel", token, anonymous=True)
    page = await do("GET", "/v1/sessions?limit=100")
    last = page["data"][-1]
    other = "created" if last["status"] == "cancelled" else "cancelled"
    await do("GET", f"/v1/sessions?status={other}&starting_after={last['id']}")
    for path in ("", "/cancel"):
        await do("POST" if path else "GET", f"/v1/sessions/vs_{'0' * 64}{path}")


async def kyve(do: Do) -> None:
    """Keys of every kind, empty bodies, a workspace without a default, a cancellation, a list that is asked for twice."""
    await do("POST", "/v1/sessions", {}, Idempotency_Key="k" * 100)
    await do("POST", "/v1/sessions", {}, Authorization="Bearer ak_test_nodefault")
    made = await do("POST", "/v1/sessions", {}, Prefer=f"scenario=completed, {POLLED}")
    for _ in range(4):
        await do("GET", f"/v1/sessions/{made['id']}")
    await do("GET", f"/v1/verifications/{made['verification_id']}")
    await do("GET", "/v1/verifications?limit=2")
    for customer in "aba":
        await do("POST", "/v1/sessions", {"metadata": {"customer_id": customer}}, Idempotency_Key="k1")
    for _ in range(2):
        await do("POST", "/v1/sessions", {}, Idempotency_Key="k2")
    made = await do("POST", "/v1/sessions", {})
    await do("GET", f"/v1/verifications/{made['verification_id']}")
    await do("POST", f"/v1/sessions/{made['id']}/cancel")
    await do("GET", f"/v1/verifications/{made['verification_id']}")
    await do("GET", "/v1/verifications?limit=2")


async def neurovision(do: Do) -> None:
    """Clients that come again and one that is not known, images beside another key, a token in the body, a key of digits."""
    status = "/kyc/session/status"
    for scenario in ("success", "success", "client_without_id"):
        wish = {"Prefer": f"scenario={scenario}, {POLLED}"}
        made = await do("POST", "/kyc/process", files=[("images", PICTURE), ("clientKey", (None, "Client-7"))], **wish)
        for _ in range(3):
            await do("POST", status, {"sessionId": made["sessionId"]})
        more = [("images", PICTURE), ("sessionId", (None, made["sessionId"])), ("clientKey", (None, "client-8"))]
        await do("POST", "/kyc/process", files=more)
        await do("POST", status, {"sessionId": made["sessionId"]})
    again = await do("POST", "/kyc/process", files=[("images", PICTURE)], Prefer=f"scenario=success, {POLLED}")
    for _ in range(3):
        await do("POST", status, {"sessionId": again["sessionId"]})
    await do("POST", "/kyc/process", files=[("images", PICTURE), ("sessionId", (None, made["sessionId"]))])
    await do("POST", status, {"sessionId": made["sessionId"], "token": TOKEN}, anonymous=True)
    await do("POST", status, {"clientKey": "2026"})
    made = await do("POST", "/kyc/process", files=[("images", PICTURE), ("clientKey", (None, "Client-7"))])
    wish = {"Prefer": "scenario=held_processing"}
    made = await do("POST", "/kyc/process", files=[("images", PICTURE)], **wish)
    for _ in range(30):
        await do("POST", status, {"sessionId": made["sessionId"]})


async def predicate(do: Do) -> None:
    """Wallets with several sessions, of other chains and unknown ones; a completed session again; streams, codes, origins."""
    rejected, again, nobodys = ("0x" + letter * 40 for letter in "1ae")
    asked = {"walletAddress": rejected}
    for scenario in ("rejected", "completed_three_wallets"):
        made = await do("POST", "/api/v1/register/individual", asked, Prefer=f"scenario={scenario}, {POLLED}")
        for _ in range(3):
            await do("GET", f"/api/v1/status/individual/{made['sessionId']}")
        await do("GET", f"/api/v1/status/realtime/individual/{made['sessionId']}")
        await do("POST", "/api/v1/verify", {"address": rejected})
    await do("POST", "/api/v1/register/individual", {"walletAddress": rejected})
    await do("GET", f"/api/v1/status/individual/{made['sessionId']}")
    await do("POST", "/api/v1/register/individual", {"originUrl": "https://shop.example/done?order=7"})
    for size in ("", "?size=300"):
        await do("POST", f"/api/v1/register/business{size}", {"walletAddress": again})
        await do("POST", f"/api/v1/register/individual{size}", {})
    await do("POST", "/api/v1/register/business", {"walletAddress": rejected})
    await do("POST", "/api/v1/verify", {"address": rejected, "type": "individual"})
    for address in (nobodys, nobodys, "7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV"):
        await do("POST", "/api/v1/verify", {"address": address})


STORIES: dict[str, Callable[[Do], Awaitable[None]]] = {
    "idnow": idnow, "kayle": kayle, "kyve": kyve, "neurovision": neurovision, "predicate": predicate,
}  # fmt: skip

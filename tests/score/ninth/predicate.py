"""Broken implementations of Predicate, of the ninth set."""

from __future__ import annotations

import copy
from typing import Any

from tests.score.asgi import Call
from tests.score.changes import (
    FIELDS,
    IMPLIED,
    LISTS,
    REQUESTS,
    SAID,
    SHAPE,
    TIME,
    Mutant,
    alter,
    answers,
    drop,
    put,
    shows,
    trims,
    unlocked,
)
from tests.score.memories import moving, nth, remembering

STATUS = "getStatus"
TYPES = ("individual", "business")
VERIFIED, UNVERIFIED = "verifiedWallets", "unverifiedWallets"


def _no_wallets_null(body: Any, _: Call) -> None:
    for name in (VERIFIED, UNVERIFIED):
        body[name] = body[name] or None


def _all_verified(body: Any, _: Call) -> None:
    body[VERIFIED], body[UNVERIFIED] = body[UNVERIFIED], []


def _last_left(body: Any, _: Call) -> None:
    if len(body[VERIFIED]) > 1:
        body[UNVERIFIED] = [body[VERIFIED].pop()]


def _another(text: Any, count: int) -> Any:
    """Another id, from the second read on."""
    return text if count == 0 else text[:-4] + f"{(int(text[-4:], 16) + count) % 0x10000:04x}"


def _leaked(body: Any, _: Call, memory: dict[Any, Any]) -> None:
    """A list that is empty is filled with what the last session had in it."""
    name = VERIFIED if body["status"] == "completed" else UNVERIFIED
    if body[name]:
        memory["wallets"] = copy.deepcopy(body[name])
    elif "wallets" in memory:
        body[name] = copy.deepcopy(memory["wallets"])


MUTANTS = (
    Mutant(
        "every_other_type_is_individual",
        REQUESTS,
        "A type that is no business is an individual, whatever the word",
        trims(STATUS, "type", lambda text: text if text in TYPES else TYPES[0]),
        SAID,
        "Verification type: `individual` or `business`",
    ),
    Mutant(
        "status_with_any_key",
        REQUESTS,
        "The status is shown to every API key, also to one that is not valid",
        unlocked(STATUS, only_missing=False),
        IMPLIED,
        "Authorization: Bearer YOUR_API_KEY",
    ),
    Mutant(
        "wallet_list_null_when_empty",
        SHAPE,
        "A list of wallets without wallets is null",
        answers(STATUS, _no_wallets_null),
        SAID,
        '"unverifiedWallets": []',
    ),
    Mutant(
        "submitted_wallets_verified",
        FIELDS,
        "The wallets of a session in review are among the verified",
        answers(STATUS, _all_verified, when=shows("/status", "submitted")),
        SAID,
        "The wallet is **not** verified until status becomes `completed`.",
    ),
    Mutant(
        "rejected_wallets_disconnected",
        FIELDS,
        "A rejected session has no wallets any more",
        answers(STATUS, put(f"/{UNVERIFIED}", []), when=shows("/status", "rejected")),
        SAID,
        "Wallets connected to this session. Populated when not `completed`.",
    ),
    Mutant(
        "rejection_without_its_user",
        FIELDS,
        "A rejected session has no userId, though it had one in review",
        answers(STATUS, drop("/userId"), when=shows("/status", "rejected")),
        SAID,
        "User ID (present when session has an identity)",
    ),
    Mutant(
        "user_id_made_at_each_read",
        TIME,
        "The userId of a session is another one at each read",
        moving(STATUS, "/userId", _another),
        IMPLIED,
        "User ID (present when session has an identity)",
    ),
    Mutant(
        "wallet_ids_renewed_by_verification",
        TIME,
        "A wallet has another id once it is verified",
        answers(STATUS, alter(f"/{VERIFIED}/*/id", lambda text: _another(text, 1))),
        IMPLIED,
        "Wallets connected to this session. Populated when `completed`.",
    ),
    Mutant(
        "retry_told_as_pending",
        TIME,
        "A session that waits for the user's retry is pending where its status is asked for",
        answers(STATUS, put("/status", "pending"), when=shows("/status", "retry")),
        SAID,
        "Fixable issue (e.g., blurry document), user can retry",
    ),
    Mutant(
        "rejection_reopened",
        TIME,
        "A rejected session can be retried from its second read on",
        nth(STATUS, "/sessionId", 2, put("/status", "retry"), when=shows("/status", "rejected")),
        SAID,
        "Verification permanently failed (fraud, sanctions)",
    ),
    Mutant(
        "last_wallet_left_unverified",
        LISTS,
        "Of several wallets of a completed session the last stays unverified",
        answers(STATUS, _last_left, when=shows("/status", "completed")),
        SAID,
        "Wallets connected to this session. Populated when `completed`.",
    ),
    Mutant(
        "wallets_left_over_from_the_last_read",
        LISTS,
        "A session without wallets shows those of the session that was read before",
        remembering(STATUS, _leaked),
        IMPLIED,
        "Wallets connected to this session.",
    ),
)

"""Predicate: wallets, times and users that do not go with the session's status, or with a wallet that is not verified."""

from __future__ import annotations

from specimen.contracts.payloads.model.invalid_combinations import State, same, value_at
from specimen.contracts.payloads.model.mutations import ABSENT

READ = {"getStatus": ""}
VERIFIED = {"verifyWallet": ""}

OPEN = ("pending", "submitted", "retry")
UNVERIFIED = (*OPEN, "rejected")
TIME = "2026-03-19T10:31:30Z"
WALLET = {
    "id": "00000000-0000-4000-8000-000000000001", "address": "0x52908400098527886E0F7030069857D2E4169EE7", "chain": "ethereum",
}  # fmt: skip
# What is no time in the form of ISO 8601, and what it looks like.
NO_TIMES = {
    "a-day": "2026-03-19", "epoch-seconds": "1773916290", "a-word": "pending", "an-email-date": "Thu, 19 Mar 2026 10:31:30 GMT",
    "empty": "",
}  # fmt: skip

STATES = (
    State(
        "completed-at-too-early", "PRE-001", READ, UNVERIFIED, {"/completedAt": TIME},
        "Who takes the time for the sign of success lets an unverified person in.",
    ),
    *(
        State(
            f"completed-shown-as-{status}", "PRE-001", READ, ("completed",),
            {"/status": status, "/verifiedWallets": [], "/unverifiedWallets": same("/verifiedWallets")},
            "A stale status over the time of a success.",
        )
        for status in UNVERIFIED
    ),
    *(
        State(
            f"null-{name}", "PRE-018", READ, OPEN, {f"/{field}": None},
            "A null where the field is left out: a check for its presence takes it for a value.",
        )
        for name, field in (("time", "completedAt"), ("user", "userId"))
    ),
    State(
        "completed-without-time", "PRE-002", READ, ("completed",), {"/completedAt": ABSENT},
        "Code that sorts or expires verifications by their time finds none.",
    ),
    State(
        "wallets-verified-too-early", "PRE-003", READ, UNVERIFIED,
        {"/verifiedWallets": [WALLET], "/unverifiedWallets": []},
        "A wallet is verified in a session that is not: who looks at the list alone lets it trade.",
    ),
    State(
        "one-wallet-verified-too-early", "PRE-003", READ, UNVERIFIED, {"/verifiedWallets": [WALLET]},
        "One wallet verified beside others that are not.",
    ),
    *(
        State(
            f"completed-shown-as-{status}", "PRE-003", READ, ("completed",), {"/status": status, "/completedAt": ABSENT},
            "The wallets of a success under the status of something else.",
        )
        for status in UNVERIFIED
    ),
    State(
        "completed-without-user", "PRE-004", READ, ("completed",), {"/userId": ABSENT},
        "Verified, and the person is unknown.",
    ),
    State(
        "completed-with-unverified-wallet", "PRE-005", READ, ("completed",), {"/unverifiedWallets": [WALLET]},
        "A wallet that is still not verified in a session that is: it is unclear whether it is covered.",
    ),
    State(
        "completed-with-all-unverified", "PRE-005", READ, ("completed",),
        {"/unverifiedWallets": same("/verifiedWallets"), "/verifiedWallets": []},
        "The status moved on, the wallets did not: two writes that should have been one.",
    ),
    *(
        State(
            f"completed-at-{name}", "PRE-011", READ, ("completed",), {"/completedAt": value},
            "A text where an ISO 8601 time is documented: a parser that guesses makes another time of it.",
        )
        for name, value in NO_TIMES.items()
    ),
    *(
        State(
            f"not-verified-with-{name}", "PRE-013", VERIFIED, None,
            {"/verified": False, "/checkType": None, "/verifiedAt": None, "/wallets": [], **more},
            "Not verified, and what only a verification brings is there: who looks at that field alone lets the wallet trade.",
        )
        for name, more in (
            ("check-type", {"/checkType": "kyc"}), ("time", {"/verifiedAt": TIME}), ("wallets", {"/wallets": same("/wallets")}),
        )
    ),
    State(
        "shown-as-not-verified", "PRE-013", VERIFIED, None, {"/verified": False},
        "Only the flag says no; all the rest shows a verification.",
    ),
    *(
        State(
            f"verified-at-{name}", "PRE-014", VERIFIED, None, {"/verifiedAt": value},
            "A text where an ISO 8601 time is documented: a parser that guesses makes another time of it.",
        )
        for name, value in NO_TIMES.items()
    ),
    State(
        "verified-wallet-twice", "PRE-016", READ, ("completed",),
        {"/verifiedWallets": lambda shown: [value_at(shown, "/verifiedWallets/0")] * 2},
        "One wallet listed twice is counted twice.",
    ),
    State(
        "unverified-wallet-twice", "PRE-016", READ, UNVERIFIED,
        {"/unverifiedWallets": lambda shown: [value_at(shown, "/unverifiedWallets/0")] * 2},
        "One wallet listed twice is asked for twice.",
    ),
)  # fmt: skip

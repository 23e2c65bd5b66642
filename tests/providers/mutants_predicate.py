"""Answers of Predicate with one thing broken, by the rule that says so."""

from __future__ import annotations

from tests.providers.mutants import Change, Mutant

WALLET = {"id": "wallet-uuid", "address": "0x1234...", "chain": "ethereum"}


def session(base: str, *changes: Change) -> Mutant:
    """A session, changed."""
    return Mutant("getStatus", 200, base, changes)


def wallet(*changes: Change) -> Mutant:
    """What is known of the wallet of a verified person, changed."""
    return Mutant("verifyWallet", 200, "verified", changes)


MUTANTS = {
    "PRE-001": [
        session(base, ("set", "/completedAt", "2025-01-21T10:30:00Z")) for base in ("pending", "submitted", "rejected", "retry")
    ],
    "PRE-002": [session("completed", ("remove", "/completedAt"))],
    "PRE-003": [session(base, ("set", "/verifiedWallets/-", WALLET)) for base in ("pending", "submitted", "rejected", "retry")],
    "PRE-004": [session("completed", ("remove", "/userId"))],
    "PRE-005": [session("completed", ("set", "/unverifiedWallets/-", WALLET))],
    "PRE-011": [
        session("completed", ("set", "/completedAt", "21 January 2025")),
        session("completed", ("set", "/completedAt", "2025-01-21T10:30:00Z\n")),
        session("completed", ("set", "/completedAt", "1737455400")),
    ],
    "PRE-013": [
        wallet(("set", "/verified", False)),
        Mutant("verifyWallet", 200, "never_seen", (("set", "/checkType", "kyc"),)),
        Mutant("verifyWallet", 200, "never_seen", (("set", "/verifiedAt", "2025-01-21T10:30:00Z"),)),
        Mutant("verifyWallet", 200, "never_seen", (("set", "/wallets/-", {"address": "0x1234...", "chain": "ethereum"}),)),
    ],
    "PRE-018": [session("pending", ("set", "/completedAt", None)), session("pending", ("set", "/userId", None))],
    "PRE-014": [wallet(("set", "/verifiedAt", "yesterday"))],
}

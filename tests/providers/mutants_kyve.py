"""Answers of Kyve with one thing broken, by the rule that says so."""

from __future__ import annotations

from tests.providers.mutants import Change, Mutant


def verification(*changes: Change) -> Mutant:
    """The example of a completed verification, all of whose checks passed, changed."""
    return Mutant("getVerification", 200, "verification_completed", changes)


MUTANTS = {
    "KYV-001": [
        verification(("set", "/checks/1/status", "failed")),
    ],
    "KYV-002": [
        verification(("set", "/status", "failed")),
        verification(("set", "/status", "failed"), ("set", "/checks", [])),
    ],
    "KYV-022": [
        verification(("set", "/checks/1/status", "pending")),
        verification(("set", "/checks/1/status", "approved")),
    ],
    "KYV-023": [verification(("set", "/status", "failed"), ("set", "/checks/2/status", "skipped"))],
}

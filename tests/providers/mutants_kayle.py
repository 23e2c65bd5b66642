"""Answers of Kayle ID with one thing broken, by the rule that says so."""

from __future__ import annotations

from typing import Any

from specimen.fixtures.recipes.kayle import LIVENESS_CODES, NFC_CODES
from tests.providers.mutants import Change, Mutant

ENDED = "2025-01-01T00:00:00Z"
CLAIMS = "/data/share_fields"


def example(*changes: Change) -> Mutant:
    """The page's own example, changed: a session that was just created and asks for a date of birth."""
    return Mutant("getSession", 200, "session", changes)


def listed(*changes: Change) -> Mutant:
    """The example of a list, changed: a session whose liveness checks failed."""
    return Mutant("listSessions", 200, "page", changes)


def created(*changes: Change) -> Mutant:
    """The example of a new session, changed: it asks for one age gate."""
    return Mutant("createSession", 200, "created_session", changes)


def claim(key: str, *, required: bool) -> Change:
    """Asks for a claim."""
    field: dict[str, Any] = {"required": required, "reason": "Needed", "source": "rc"}
    return ("set", f"{CLAIMS}/{key}", field)


MUTANTS = {
    "KAY-001": [
        example(("remove", f"{CLAIMS}/kayle_document_id")),
        example(claim("kayle_document_id", required=False)),
        created(("remove", f"{CLAIMS}/kayle_document_id")),
    ],
    "KAY-002": [
        example(("remove", f"{CLAIMS}/date_of_birth"), claim("age_over_18", required=True), claim("age_over_21", required=True)),
        created(claim("age_over_118", required=True)),
    ],
    "KAY-003": [
        example(claim("age_over_18", required=False)),
        example(claim("date_of_birth", required=False), claim("age_over_18", required=True)),
    ],
    "KAY-004": [
        example(("set", "/data/failure_code", "document_data_invalid")),
        example(("set", "/data/status", "failed"), ("set", "/data/completed_at", ENDED)),
        created(("set", "/data/failure_code", "document_data_invalid")),
        listed(("set", "/data/0/failure_code", None)),
    ],
    "KAY-005": [
        example(("set", "/data/completed_at", ENDED)),
        *(example(("set", "/data/status", status)) for status in ("succeeded", "expired", "cancelled")),
        listed(("set", "/data/0/completed_at", None)),
    ],
    "KAY-006": [
        example(("set", "/data/nfc_tries_used", 3)),
        example(("set", "/data/liveness_tries_used", 3)),
    ],
    "KAY-007": [Mutant("getSession", 200, f"{code}@failed", (("set", "/data/nfc_tries_used", 2),)) for code in sorted(NFC_CODES)],
    "KAY-008": [
        *(
            Mutant("getSession", 200, f"{code}@failed", (("set", "/data/liveness_tries_used", 2),))
            for code in sorted(LIVENESS_CODES)
        ),
        listed(("set", "/data/0/liveness_tries_used", 2)),
    ],
    "KAY-009": [
        example(("set", "/data/cancel_token", "ct_1")),
        listed(("set", "/data/0/cancel_token", "ct_1")),
    ],
    "KAY-017": [
        example(("set", "/data/created_at", "yesterday")),
        example(("set", "/data/updated_at", "2025-02-30T00:00:00Z")),
        example(("set", "/data/expires_at", "2025-01-01T00:00:00Z\n")),
        listed(("set", "/data/0/completed_at", "2026-03-19")),
    ],
    "KAY-018": [Mutant("getSession", 404, "not_found", (("set", "/error", None),))],
}

"""Answers of IDnow with one thing broken, by the rule that says so."""

from __future__ import annotations

from tests.providers.mutants import Change, Mutant

TIME = "2026-03-19T10:31:30.000Z"
REFERENCE = "/results/documentVerification"
STEP = {"stepId": "step_start_001", "stepDescription": "", "verdict": "completed"}


def session(base: str, *changes: Change) -> Mutant:
    """A session, changed."""
    return Mutant("getSession", 200, base, changes)


MUTANTS = {
    "IDN-001": [
        session("running", ("remove", "/results")),
        session("running", ("set", REFERENCE, {"type": "dataBlock", "id": "1"})),
        session("accepted@CREATED", ("set", REFERENCE, {"type": "dataBlock", "id": "1"})),
    ],
    "IDN-002": [
        session("completed", ("set", f"{REFERENCE}/type", "block")),
        session("completed", ("remove", f"{REFERENCE}/type")),
        session("completed", ("remove", f"{REFERENCE}/id")),
    ],
    "IDN-004": [
        session("running", ("set", "/completedAt", TIME)),
        session("accepted@CREATED", ("set", "/completedAt", TIME)),
    ],
    "IDN-005": [
        session("completed", ("remove", "/completedAt")),
        session("aborted@ABORTED", ("remove", "/completedAt")),
        session("expired@EXPIRED", ("remove", "/completedAt")),
        session("error@ERROR", ("remove", "/completedAt")),
    ],
    "IDN-006": [session("accepted@CREATED", ("set", "/startedAt", TIME))],
    "IDN-007": [session("accepted@CREATED", ("set", "/lastStep", STEP))],
    "IDN-008": [
        session("running", ("set", "/outcome", "accepted")),
        session("expired@EXPIRED", ("set", "/outcome", "rejected")),
    ],
    "IDN-009": [session("completed", ("set", "/outcome", "NO_OUTCOME"))],
    "IDN-017": [
        session("running", ("remove", "/startedAt")),
        session("running", ("set", "/startedAt", None)),
        session("completed", ("remove", "/startedAt")),
    ],
    "IDN-018": [session("completed", ("remove", "/lastStep"))],
    "IDN-025": [
        session("accepted@CREATED", ("remove", "/startedAt")),
        session("expired@EXPIRED", ("remove", "/startedAt")),
    ],
    "IDN-014": [Mutant("listDatablocks", 200, "deleted", (("set", "/dataBlocks/0/content", {}),))],
}

"""Answers of Neuro-Vision with one thing broken, by the rule that says so."""

from __future__ import annotations

from tests.providers.mutants import Change, Mutant

DOCUMENT, SELFIE, FACES = "/results/0", "/results/1", "/results/2"
MATCH = f"{FACES}/checks/0/items/0"
AGE, GENDER = f"{SELFIE}/checks/0/items/1", f"{SELFIE}/checks/0/items/3"


def session(base: str, *changes: Change) -> Mutant:
    """A session, changed; the base `success` is the vendor's own example."""
    return Mutant("getSessionStatus", 200, base, changes)


MUTANTS = {
    "NEU-001": [
        session("success", ("set", f"{FACES}/status", "processing")),
        session("success", ("set", f"{DOCUMENT}/status", "failed")),
    ],
    "NEU-002": [session("success", ("set", "/status", "failed"))],
    "NEU-003": [session("success", ("set", "/status", "failed"), ("set", f"{SELFIE}/status", "failed"))],
    "NEU-004": [
        session("held_idle@idle", ("set", "/spent", 1.5)),
        session("held_idle@idle", ("set", f"{DOCUMENT}/status", "processing")),
    ],
    "NEU-005": [session("success", ("set", "/status", "processing"), ("set", "/secondsToLive", 9))],
    "NEU-006": [session("expired_from_processing@expired", ("set", "/secondsToLive", 3))],
    "NEU-007": [
        session("held_idle@idle", ("set", "/secondsToLive", 0)),
        session("held_processing@processing", ("set", "/secondsToLive", 0)),
    ],
    "NEU-008": [session("success", ("remove", DOCUMENT)), session("success", ("remove", SELFIE))],
    "NEU-009": [session("success", ("remove", FACES))],
    "NEU-010": [
        session("success", ("set", f"{DOCUMENT}/tries", 3)),
        session("success", ("set", f"{DOCUMENT}/history/-", {})),
        session("document_retries@success", ("remove", f"{DOCUMENT}/history/0")),
    ],
    "NEU-013": [
        session("success", ("set", f"{MATCH}/value", "101%")),
        session("success", ("set", f"{MATCH}/value", 92)),
        session("success", ("remove", f"{MATCH}/images/1")),
    ],
    "NEU-014": [session("success", ("set", f"{AGE}/value", "15"))],
    "NEU-015": [session("success", ("set", f"{GENDER}/value", 1))],
    "NEU-016": [session("success", ("set", f"{GENDER}/value", "feminine"))],
    "NEU-026": [session("success", ("remove", f"{MATCH}/value")), session("success", ("remove", f"{MATCH}/images"))],
    "NEU-027": [session("success", ("remove", f"{AGE}/value")), session("success", ("remove", f"{GENDER}/value"))],
    "NEU-021": [session("success", ("remove", f"{DOCUMENT}/ocr")), session("success", ("remove", f"{SELFIE}/faceDoc"))],
}

"""Answers of Veritas with one thing broken, by the rule that says so."""

from tests.providers.mutants import Mutant

MUTANTS = {
    "VER-001": [
        Mutant("getCheck", 200, "waiting", (("set", "/check/decided_at", "2026-02-03T09:00:00Z"),)),
        Mutant("getCheck", 200, "waiting", (("set", "/check/verdict", "clear"),)),
    ],
}

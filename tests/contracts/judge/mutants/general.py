"""The general rules with what breaks them, on a provider that has no rules of its own in Python."""

from __future__ import annotations

from dataclasses import replace

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.no_response import CLOSED, UNREADABLE
from specimen.specs.core.json_pointer import at
from tests.contracts.golden_exchanges import REMOVED, Mutant, Stage, changed, without

TRACE = 'Traceback (most recent call last):\n  File "/srv/app.py", line 3, in check\n'


def refused(stage: Stage) -> Stage:
    """A refusal."""
    return stage.send(next(entry for entry in stage.entries if entry["expect_status"] == 422))


def lost(stage: Stage, made: Exchange) -> Exchange:
    """A new session's read, answered as if there were none."""
    nobody = stage.ask("getCheck", path={"check": "00000000-0000-4000-8000-000000000000"})
    return replace(nobody, path=nobody.path.replace("00000000-0000-4000-8000-000000000000", at(made.response_json, "/check/id")))


def unanswered(earlier: Exchange, why: str) -> Exchange:
    """A request that got no answer."""
    return changed(earlier, status=0, response_headers={}, response_body=b"", failure=why)


MUTANTS = (
    Mutant("GEN-001", "a teapot", lambda stage: [changed(stage.read(), status=418)]),
    Mutant(
        "GEN-002",
        "a page instead of JSON",
        lambda stage: [changed(stage.read(), response_headers={"content-type": "text/html"}, response_body=b"<p>")],
    ),
    Mutant("GEN-002", "no body", lambda stage: [changed(stage.read(), response_body=b"")]),
    Mutant("GEN-002", "no body and no type", lambda stage: [changed(stage.read(), response_body=b"", response_headers={})]),
    Mutant("GEN-004", "half a body", lambda stage: [changed(found := stage.read(), response_body=found.response_body[:-3])]),
    Mutant("GEN-004", "no number", lambda stage: [changed(stage.read(), response_body=b'{"ok": NaN}')]),
    Mutant("GEN-005", "a field is missing", lambda stage: [changed(stage.read(), {"/check/reference": REMOVED})]),
    Mutant("GEN-005", "another type", lambda stage: [changed(stage.read(), {"/check/reference": 17})]),
    Mutant("GEN-005", "nested beyond reading", lambda stage: [changed(stage.read(), response_body=b"[" * 400 + b"]" * 400)]),
    Mutant("GEN-006", "another envelope", lambda stage: [changed(refused(stage), {"": {"error": "bad"}})]),
    Mutant("GEN-007", "a traceback", lambda stage: [changed(refused(stage), {"/problem": TRACE})]),
    Mutant("GEN-008", "open doors", lambda stage: [without(stage.read(), "x-veritas-key")]),
    Mutant(
        "GEN-010",
        "an end is left",
        lambda stage: [found := stage.read(), changed(found, {"/check/verdict": "flagged"})],
    ),
    Mutant(
        "GEN-015",
        "an invalid request is taken",
        lambda stage: [changed(stage.create(), request_body=b'{"reference": ""}')],
    ),
    Mutant("GEN-015", "no JSON is taken", lambda stage: [changed(stage.create(), request_body=b"{")]),
    Mutant(
        "GEN-016",
        "a valid request is refused",
        lambda stage: [changed(refused(stage), request_body=b'{"reference": "a"}', intent={"valid": True})],
    ),
    Mutant("GEN-017", "a made-up key opens", lambda stage: [changed(stage.read(), intent={"credentials": "unknown"})]),
    Mutant("GEN-018", "nobody's id finds a session", lambda stage: [changed(stage.read(), intent={"unknown_id": True})]),
    Mutant("GEN-019", "a new session is lost", lambda stage: [made := stage.create(), lost(stage, made)]),
    Mutant("GEN-020", "a session is found elsewhere", lambda stage: [changed(stage.read(), intent={"elsewhere": True})]),
    Mutant("GEN-022", "a connection is dropped", lambda stage: [unanswered(stage.read(), CLOSED)]),
    Mutant("GEN-022", "a body cannot be decoded", lambda stage: [unanswered(stage.create(), UNREADABLE)]),
)

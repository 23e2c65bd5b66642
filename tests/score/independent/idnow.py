"""Broken implementations of IDnow, written from the vendor's page without knowledge of the rules."""

from __future__ import annotations

import hashlib
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
    asks,
    drop,
    put,
    shifted,
    shows,
)
from tests.score.memories import moving

ENDED = shows("/sessionStatus", "COMPLETED", "ABORTED", "EXPIRED", "ERROR")


def _any_scheme(call: Call) -> None:
    """The token counts, whatever scheme stands before it."""
    token = call.headers.get("authorization", "").rpartition(" ")[2]
    for entry in call.provider.lifecycle.credentials.values():
        if entry.fails is None and entry.headers["Authorization"].rpartition(" ")[2] == token:
            call.headers["authorization"] = entry.headers["Authorization"]


def _staging_is_enough(call: Call) -> None:
    credentials = call.provider.lifecycle.credentials
    if call.headers.get("authorization") == credentials["staging_only"].headers["Authorization"]:
        call.headers["authorization"] = credentials["live"].headers["Authorization"]


def _rotated(body: Any, _: Call) -> None:
    results = body["results"]
    ids = [entry["id"] for entry in results.values()]
    for entry, shown in zip(results.values(), ids[1:] + ids[:1], strict=True):
        entry["id"] = shown


MUTANTS = (
    Mutant(
        "token_under_any_scheme", REQUESTS, "a token is accepted under another scheme than Bearer, and without any",
        asks("getSession listDatablocks createSession", _any_scheme), SAID, "Authorization: Bearer token for authentication",
    ),
    Mutant(
        "staging_token_reads_live_blocks", REQUESTS, "a token for staging alone reads the data blocks of live sessions",
        asks("listDatablocks", _staging_is_enough), IMPLIED, "Data block access is separated to allow granular access control",
    ),
    Mutant(
        "description_null_where_unset", SHAPE, "a step without a description has null instead of an empty string",
        answers("getSession", alter("/lastStep/stepDescription", lambda text: text or None)), SAID,
        "Empty string if not set.",
    ),
    Mutant(
        "completed_at_null_before_the_end", SHAPE, "completedAt is there, as null, while the session has not ended",
        answers("getSession", put("/completedAt", None), when=lambda body: "completedAt" not in body), IMPLIED,
        "timestamp when session reached a terminal state … (optional)",
    ),
    Mutant(
        "references_rotated", FIELDS, "the references of results have one another's ids",
        answers("getSession", _rotated, when=lambda body: len(body["results"]) > 1), SAID,
        "The key is the datablock type … id: The dataBlockId of the referenced datablock",
    ),
    Mutant(
        "expired_ahead_of_its_time", FIELDS, "an EXPIRED session has an expiresAt that lies a day ahead",
        answers("getSession", alter("/expiresAt", shifted(86_400)), when=shows("/sessionStatus", "EXPIRED")), IMPLIED,
        "ISO 8601 timestamp when session expires",
    ),
    Mutant(
        "state_made_anew", TIME, "a session shows another state than the one that it was made with",
        answers("getSession", alter("/state", lambda text: hashlib.sha256(text.encode()).hexdigest()[:16])), IMPLIED,
        "State parameter for CSRF protection in redirect",
    ),
    Mutant(
        "reading_updates", TIME, "each read moves updatedAt, though nothing has changed",
        moving("getSession", "/updatedAt", lambda value, count: shifted(count)(value)), IMPLIED,
        "ISO 8601 timestamp of last update",
    ),
    Mutant(
        "last_step_forgotten_at_the_end", TIME, "lastStep is gone once the session has ended",
        answers("getSession", drop("/lastStep"), when=ENDED), SAID, "present whenever at least one step has been executed",
    ),
    Mutant(
        "subject_cut_to_the_column", TIME, "subjectId comes back cut to 16 characters",
        answers("getSession", alter("/subjectId", lambda text: text[:16])), SAID,
        "The original subjectId value provided in metadata when creating the session",
    ),
    Mutant(
        "newest_flow_version", TIME, "an ended session shows the newest version of its flow, not the one that it was made with",
        answers("getSession", alter("/flowVersion", lambda version: version + 1), when=ENDED), IMPLIED,
        "Version of the flow executed",
    ),
    Mutant(
        "first_two_blocks", LISTS, "at most two data blocks are listed, so that references point to nothing",
        answers("listDatablocks", alter("/dataBlocks", lambda blocks: blocks[:2])), SAID,
        "id matches the dataBlockId returned by the /datablocks endpoint",
    ),
)  # fmt: skip

"""Broken implementations that read a sentence of a vendor's page as a hurried reader might."""

from __future__ import annotations

import re
from typing import Any

from tests.score.asgi import Call
from tests.score.changes import FIELDS, SHAPE, Mutant, alter, answers, drop, shows

_WALLETS = ("/verifiedWallets", "/unverifiedWallets")


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _without_fields_alone(body: Any, _: Call) -> None:
    if body["status"] in ("failed", "requires_review"):
        body["fields"] = None


def _ran(body: Any, _: Call) -> None:
    body["checks"] = [check for check in body["checks"] if check["status"] != "skipped"]


PAGE_SENTENCES: dict[str, tuple[Mutant, ...]] = {
    "idnow": (
        Mutant("outcome_in_capitals", SHAPE, "the outcome is in capitals", answers("getSession", alter("/outcome", str.upper))),
        Mutant("verdict_in_capitals", SHAPE, "the verdict is in capitals", answers("getSession", alter("/lastStep/verdict", str.upper))),
        Mutant("started_at_left_out", FIELDS, "startedAt is left out before the start", answers("getSession", drop("/startedAt"), when=shows("/startedAt", None))),
    ),
    "kyve": (
        Mutant("checks_that_ran", FIELDS, "the detail leaves out checks that did not run", answers("getVerification", _ran)),
        Mutant("fields_of_completed", FIELDS, "fields are shown of completed verifications alone", answers("getVerification", _without_fields_alone)),
        Mutant("version_left_out", SHAPE, "a creation answers no template_version", answers("createSession", drop("/template_version"))),
    ),
    "kayle": (
        Mutant("link_without_token", SHAPE, "verification_url lacks the cancel_token", answers("createSession", alter("/data/verification_url", lambda url: url.partition("?")[0]))),
    ),
    "predicate": (
        Mutant("user_is_null", FIELDS, "userId is null without an identity", answers("getStatus", lambda b, _: b.setdefault("userId", None))),
        Mutant("completed_at_is_null", FIELDS, "completedAt is null until completed", answers("getStatus", lambda b, _: b.setdefault("completedAt", None))),
        Mutant("chain_in_capitals", SHAPE, "the chain is in capitals", answers("getStatus", *(alter(f"{name}/*/chain", str.upper) for name in _WALLETS))),
    ),
    "neurovision": (
        Mutant("captions_in_snake_case", SHAPE, "captions are in snake case", answers("getSessionStatus", alter("/results/*/checks/*/items/*/caption", _snake))),
    ),
}  # fmt: skip

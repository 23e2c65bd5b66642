"""The payload of a check."""

from __future__ import annotations

from typing import Any

from specimen.fixtures.primitives.times import iso_seconds
from specimen.fixtures.recipes.recipe import SessionSnapshot


def check(m: SessionSnapshot) -> dict[str, Any]:
    """A check in the provider's envelope."""
    return {
        "ok": True,
        "check": {
            "id": m.id,
            "reference": m.facts.get("reference", "order-17"),
            "verdict": m.state,
            "opened_at": iso_seconds(m.created_at),
            "decided_at": None if m.ended_at is None else iso_seconds(m.ended_at),
            "person": m.identity.full_name if m.is_terminal else None,
        },
    }


answers = {"createCheck": check, "getCheck": check}

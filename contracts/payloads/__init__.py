"""Edge-case payloads for QA: labelled, one mutation of a valid payload each, with the expected outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from specimen.contracts.payloads.generate.catalogue import LeftOut
from specimen.contracts.payloads.generate.selection import Choice, cases
from specimen.contracts.payloads.model.case import Case
from specimen.contracts.payloads.output.sender import Sender
from specimen.specs.core.extras import needs

if TYPE_CHECKING:
    from specimen.contracts.payloads.generate.strategies import strategy

__all__ = ["Case", "Choice", "LeftOut", "Sender", "cases", "strategy"]


def __getattr__(name: str) -> Any:
    """Imports `strategy` when it is asked for: Hypothesis costs more than all else here, and is an extra."""
    if name != "strategy":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with needs("contracts", "strategy"):
        from specimen.contracts.payloads.generate.strategies import strategy  # noqa: PLC0415
    return strategy

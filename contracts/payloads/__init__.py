"""Edge-case payloads for QA: labelled, one mutation of a valid payload each, with the expected outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from specimen.contracts.payloads.generate.making import LeftOut
from specimen.contracts.payloads.generate.selection import Choice, cases
from specimen.contracts.payloads.model.case import Case
from specimen.specs.core.extras import needs

if TYPE_CHECKING:
    from specimen.contracts.payloads.generate.strategies import strategy
    from specimen.contracts.payloads.output.sender import Sender

__all__ = ["Case", "Choice", "LeftOut", "Sender", "cases", "strategy"]


def __getattr__(name: str) -> Any:
    """Imports `strategy` and `Sender` when they are asked for.

    Hypothesis costs more than all else here, and is an extra; `Sender` brings an HTTP client.
    """
    if name == "Sender":
        from specimen.contracts.payloads.output.sender import Sender  # noqa: PLC0415

        return Sender
    if name != "strategy":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with needs("contracts", "strategy"):
        from specimen.contracts.payloads.generate.strategies import strategy  # noqa: PLC0415
    return strategy

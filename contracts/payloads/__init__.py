"""Edge-case payloads for QA: labelled, one change from lawful, with what must happen."""

from __future__ import annotations

from specimen.contracts.payloads.generate.catalogue import LeftOut
from specimen.contracts.payloads.generate.selection import Choice, cases
from specimen.contracts.payloads.generate.strategies import strategy
from specimen.contracts.payloads.model.case import Case
from specimen.contracts.payloads.output.sender import Sender

__all__ = ["Case", "Choice", "LeftOut", "Sender", "cases", "strategy"]

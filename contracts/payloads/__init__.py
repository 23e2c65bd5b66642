"""Edge-case payloads for QA: labelled, one change from lawful, with what must happen."""

from __future__ import annotations

from specimen.contracts.payloads.case import Case
from specimen.contracts.payloads.catalogue import LeftOut
from specimen.contracts.payloads.choosing import Choice, cases
from specimen.contracts.payloads.sending import Sender
from specimen.contracts.payloads.strategies import strategy

__all__ = ["Case", "Choice", "LeftOut", "Sender", "cases", "strategy"]

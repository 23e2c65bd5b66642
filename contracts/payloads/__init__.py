"""Edge-case payloads for QA: labelled, one change from lawful, with what must happen."""

from __future__ import annotations

from contracts.payloads.case import Case
from contracts.payloads.catalogue import LeftOut
from contracts.payloads.choosing import Choice, cases
from contracts.payloads.sending import Sender
from contracts.payloads.strategies import strategy

__all__ = ["Case", "Choice", "LeftOut", "Sender", "cases", "strategy"]

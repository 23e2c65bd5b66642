"""The judge of implementations: says whether an exchange keeps a vendor's contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specimen.specs.core.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from specimen.contracts.http.exchange import Exchange
    from specimen.contracts.judge.rule import Violation
    from specimen.contracts.traffic.monitor import JudgedExchange, Monitor

__all__ = ["Exchange", "JudgedExchange", "Monitor", "Violation"]

# The pytest plugins import this package in every run.
__getattr__ = lazy_exports(
    __name__,
    {"http.exchange": ("Exchange",), "judge.rule": ("Violation",), "traffic.monitor": ("JudgedExchange", "Monitor")},
)

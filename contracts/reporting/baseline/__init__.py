"""Reads and writes files of known failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specimen.specs.core.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from specimen.contracts.reporting.baseline.reader import BaselineError, load
    from specimen.contracts.reporting.known_failures import Baseline

__all__ = ["Baseline", "BaselineError", "load"]

__getattr__ = lazy_exports(__name__, {"reader": ("Baseline", "BaselineError", "load")})

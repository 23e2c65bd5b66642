"""Tests an implementation: lifecycle, negative, stateful and Schemathesis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specimen.specs.core.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from specimen.contracts.reporting.model import Report
    from specimen.contracts.verify.runner import Interrupted, verify

__all__ = ["Interrupted", "Report", "verify"]

__getattr__ = lazy_exports(__name__, {"runner": ("Interrupted", "Report", "verify")})

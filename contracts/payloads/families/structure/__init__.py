"""JSON structure: missing, null and mistyped fields, and values that parsers read differently."""

from __future__ import annotations

from specimen.contracts.payloads.families.structure.changes import edges

__all__ = ["edges"]

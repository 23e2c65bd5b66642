"""JSON structure: missing, null and mistyped fields, and values that parsers read differently."""

from __future__ import annotations

from specimen.contracts.payloads.families.structure import changes

edges = changes.edges

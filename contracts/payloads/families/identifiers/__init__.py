"""Identifiers: UUIDs of other versions, malformed ids, and keys at their limits."""

from __future__ import annotations

from collections.abc import Iterator

from specimen.contracts.payloads.families.identifiers import keys, prefixed, spelling, uuids
from specimen.contracts.payloads.families.identifiers.subject import subject
from specimen.contracts.payloads.model.case_types import Edge
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.valid_payloads import Base


def edges(place: PayloadField, base: Base) -> Iterator[Edge]:
    """Yields the kinds for a session's id, the id of anything else, a caller's own key and a cursor."""
    found = subject(place, base)
    if found is None:
        return
    for kind, text in (*uuids.texts(found), *prefixed.texts(found), *spelling.texts(found), *keys.texts(found)):
        if text != place.value and found.can_be_sent(text) and not found.breaks_twice(text):
            yield Edge(kind, text)

"""Country codes, sexes, document types, document numbers and national numbers with check digits."""

from __future__ import annotations

from collections.abc import Iterator

from specimen.contracts.payloads.families.countries import codes, documents, numbers, personal
from specimen.contracts.payloads.model.case_types import Edge, Kind
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.valid_payloads import Base


def edges(place: PayloadField, _: Base) -> Iterator[Edge]:
    """Yields the kinds for a country, a nationality, a sex, a type of document and the numbers of a document and its holder."""
    if "string" not in place.types:
        return
    value = place.value if isinstance(place.value, str) else ""
    for kind, text in _texts(place.holds or "", value):
        if text != value:
            yield Edge(kind, text)


def _texts(role: str, value: str) -> Iterator[tuple[Kind, str]]:
    if role in ("country", "nationality"):
        yield from codes.texts(role, value)
    elif role == "sex":
        yield from documents.sexes(value)
    elif role == "document_type":
        yield from documents.types(value)
    elif role == "document_number":
        yield from numbers.texts(value)
        yield from personal.DOCUMENTS
    elif role == "personal_number":
        yield from numbers.texts(value)
        yield from personal.PEOPLE

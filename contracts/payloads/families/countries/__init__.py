"""Country codes, sexes, document types, document numbers and national numbers with check digits."""

from __future__ import annotations

from collections.abc import Iterator

from specimen.contracts.payloads.families.countries import codes, documents, numbers, personal
from specimen.contracts.payloads.model.case_types import Edge, Kind
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.valid_payloads import Base

# What a field's description says where a country is one of ISO's, and not a document's.
_ISO = "ISO 3166-1"


def edges(place: PayloadField, _: Base) -> Iterator[Edge]:
    """Yields the kinds for a country, a nationality, a sex, a type of document and the numbers of a document and its holder."""
    if "string" not in place.types:
        return
    value = place.value if isinstance(place.value, str) else ""
    for kind, text in _texts(place, value):
        if text != value:
            yield Edge(kind, text)


def _texts(place: PayloadField, value: str) -> Iterator[tuple[Kind, str]]:
    role = place.holds or ""
    if role in ("country", "nationality"):
        is_home = role == "country" and "address" in place.parts
        is_iso = _ISO in str(place.keyword("description") or "")
        yield from codes.texts("home" if is_home else role, value, is_iso=is_iso)
    elif role == "sex":
        yield from documents.sexes(value)
    elif role == "document_type":
        yield from documents.types(value)
    elif role == "document_number":
        yield from numbers.texts(value)
        yield from numbers.LICENCES
        yield from personal.DOCUMENTS
    elif role == "personal_number":
        yield from numbers.texts(value)
        yield from personal.PEOPLE

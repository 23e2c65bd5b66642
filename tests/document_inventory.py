"""Prints the table of docs/documents.md: what each type of document shows, and which statements are assumed.

`python -m tests.document_inventory`
"""

from __future__ import annotations

from collections.abc import Iterator

from specimen.fixtures.documents.inventory import ASSUMED, DocumentType, document_types

HEAD = "| document | zone | valid, years | shows | not made | assumed | would be settled by |"


def table() -> Iterator[str]:
    """The lines of the table. Fields of the back of a card stand after a slash; what is assumed is in italics."""
    yield HEAD
    yield "|---|---|---|---|---|---:|---|"
    yield from map(_row, document_types())


def _row(found: DocumentType) -> str:
    sides = [
        ", ".join(_marked(field.name.replace("_", " "), field.source) for field in found.fields if field.side == side)
        for side in ("page", "front", "back")
    ]
    statements = [
        found.zone_source, found.validity_source, found.authority.source, found.birth_place.source, found.sides_source,
        *(field.source for field in found.fields),
    ]  # fmt: skip
    years = " or ".join(map(str, found.years)) or "no day of expiry"
    if found.from_age:
        years += f", from the age of {found.from_age}"
    if found.for_good_from is not None:
        years += f", for good from {found.for_good_from}"
    later = "" if found.zone_later is None else " (`{}` since {})".format(*found.zone_later)
    ends = {"anniversary": "", "none": "", "eve": ", to the eve", "birthday": ", then to the birthday"}[found.ends]
    cells = (
        f"{found.country} {found.kind.replace('_', ' ')}",
        _marked(f"{found.zone_form} `{found.zone_code}`{later}, {found.zone_side}", found.zone_source),
        _marked(years + ends, found.validity_source),
        " / ".join(filter(None, sides)),
        ", ".join(found.not_made).replace("_", " "),
        f"{statements.count(ASSUMED)} of {len(statements)}",
        found.settled_by,
    )
    return f"| {' | '.join(cells)} |"


def _marked(text: str, source: str) -> str:
    return f"*{text}*" if source == ASSUMED else text


if __name__ == "__main__":
    print("\n".join(table()))

"""A provider's field_semantics.yaml: the meanings of fields (a family name, a time, an MRZ), which a schema cannot express."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specimen.specs.core.errors import SpecError, did_you_mean
from specimen.specs.core.json_pointer import split
from specimen.specs.core.yaml_files import read_yaml

# The possible meanings of a field; edge cases are chosen by them.
FIELD_MEANINGS = frozenset(
    {
        # People, as written in their script or in Latin letters.
        "given_names", "family_name", "full_name", "given_names_latin", "family_name_latin", "birth_place", "address",
        # Documents. An MRZ is an array of lines; `mrz_line` is one line. Dates are calendar dates in the vendor's form.
        "mrz", "mrz_line", "document_number", "personal_number", "document_type", "authority", "sex",
        "birth_date", "issue_date", "expiry_date",
        # Codes of countries: ICAO 9303 and ISO 3166-1 alpha-3.
        "country", "nationality",
        # A time with its date.
        "moment",
        # Identifiers: of a session, of anything else, a caller's own key for a session.
        "session_id", "id", "client_key", "idempotency_key", "cursor",
        # Chains.
        "wallet", "chain",
        # Free text; web and mail addresses; a percentage such as "95%".
        "text", "url", "email", "percentage",
    }
)  # fmt: skip


# Candidates of deeper places are looked for each time, for a body may be as deep as it likes.
_MOST_PARTS = 32


@dataclass(frozen=True, slots=True)
class FieldMeaning:
    """The meaning of the fields that match a pattern.

    A pattern is a JSON pointer in which `*` is any part, `**` any number of parts, and `[title=Surname]` an item of an array
    whose member has that value.
    """

    parts: tuple[str, ...]
    holds: str

    def fits(self, parts: tuple[str, ...], root: Any) -> bool:
        """Whether the place with these parts in `root` matches."""
        return _fits(self.parts, parts, root)


class FieldSemantics:
    """The patterns of one field_semantics.yaml, in its order: the first match wins."""

    def __init__(self, entries: tuple[FieldMeaning, ...] = ()) -> None:
        self.entries = entries
        # A pattern that ends in a name is tried for fields of that name only.
        self._others = tuple(entry for entry in entries if _is_open(entry.parts[-1]))
        self._by_name = {
            name: tuple(entry for entry in entries if entry.parts[-1] == name or _is_open(entry.parts[-1]))
            for name in {entry.parts[-1] for entry in entries if not _is_open(entry.parts[-1])}
        }
        # Of one without `**` the length has to be right too.
        self._candidates: dict[tuple[str | None, int], tuple[FieldMeaning, ...]] = {}

    def at(self, parts: tuple[str, ...], root: Any) -> FieldMeaning | None:
        """The first pattern that matches the place with these parts in a payload, or None."""
        if not parts:
            return None
        key = (parts[-1] if parts[-1] in self._by_name else None, len(parts))
        candidates = self._candidates.get(key)
        if candidates is None:
            every = self._by_name.get(parts[-1], self._others)
            candidates = tuple(entry for entry in every if "**" in entry.parts or len(entry.parts) == len(parts))
            if len(parts) <= _MOST_PARTS:
                self._candidates[key] = candidates
        for entry in candidates:
            if entry.fits(parts, root):
                return entry
        return None


def _is_open(part: str) -> bool:
    return part in ("*", "**") or part.startswith("[")


def _fits(pattern: tuple[str, ...], parts: tuple[str, ...], node: Any) -> bool:
    if "**" in pattern:
        return _fits_somewhere(pattern, parts, node)
    # Names are compared first: for most fields they differ, and nothing of the payload has to be looked at.
    if len(pattern) != len(parts) or not all(w in ("*", part) or w[0] == "[" for w, part in zip(pattern, parts, strict=True)):
        return False
    for wanted, part in zip(pattern, parts, strict=True):
        node = _below(node, part)
        if wanted[0] == "[" and not _is_item(wanted, node):
            return False
    return True


def _is_item(wanted: str, node: Any) -> bool:
    name, _, value = wanted[1:-1].partition("=")
    return isinstance(node, dict) and node.get(name) == value


def _fits_somewhere(pattern: tuple[str, ...], parts: tuple[str, ...], node: Any) -> bool:
    for index, wanted in enumerate(pattern):
        if wanted == "**":
            rest = pattern[index + 1 :]
            for skip in range(index, len(parts) + 1):
                if _fits(rest, parts[skip:], node):
                    return True
                node = _below(node, parts[skip]) if skip < len(parts) else None
            return False
        if index >= len(parts):
            return False
        part = parts[index]
        if wanted[0] == "[":
            if not _is_item(wanted, _below(node, part)):
                return False
        elif wanted not in ("*", part):
            return False
        node = _below(node, part)
    return len(pattern) == len(parts)


def _below(node: Any, part: str) -> Any:
    if isinstance(node, dict):
        return node.get(part)
    if isinstance(node, list) and part.isdigit() and int(part) < len(node):
        return node[int(part)]
    return None


def read_field_semantics(path: Path) -> FieldSemantics:
    """The patterns of a field_semantics.yaml; none where there is no such file.

    Raises:
        SpecError: the file is no mapping of patterns to meanings.
    """
    if not path.is_file():
        return FieldSemantics()
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise SpecError(str(path), "expected a mapping of patterns such as '/data/**/birthDate' to what the fields hold.")
    found = []
    for pattern, holds in raw.items():
        if not pattern.startswith("/") or "" in pattern.split("/")[1:]:
            what = "is no JSON pointer with a name in each part, such as '/data/**/birthDate'."
            raise SpecError(str(path), f"the pattern '{pattern}' {what}")
        if holds not in FIELD_MEANINGS:
            raise SpecError(f"{path}: {pattern}", f"no field can hold '{holds}'. {did_you_mean(str(holds), FIELD_MEANINGS)}")
        found.append(FieldMeaning(split(pattern), holds))
    return FieldSemantics(tuple(found))

"""UUIDs of every version and variant, and in other spellings."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from uuid import UUID

from specimen.contracts.payloads.families.identifiers.subject import Subject
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT, Kind, kind
from specimen.contracts.payloads.model.valid_payloads import REQUEST

_RFC = "RFC 9562"
# The right form for one field is the wrong one for another: the contract says which.
_VERSION, _ODD = (ACCEPT, REJECT, EITHER), (REJECT, EITHER)

_RANDOM = 4


def _version(number: int, rationale: str, section: str) -> Kind:
    # One that may be any session's: in an answer it is about another one.
    source, is_of_form = f"{_RFC}, section {section}", number != _RANDOM
    return kind(f"identifiers.uuid_v{number}", rationale, source, _VERSION, ("uuid",), is_of_form=is_of_form)


# The examples of RFC 9562's appendices A and B; of version 2, which has none, one with a synthetic local id.
_VERSIONS = (
    (_version(1, "A check for one version refuses time-based ids, or takes nothing else.", "5.1"),
     "c232ab00-9414-11ec-b3c8-9f6bdeced846"),
    (_version(2, "Few libraries make DCE ids, so that a list of known versions forgets them.", "5.2"),
     "000003e8-9414-21ec-b300-9f6bdeced846"),
    (_version(3, "An id hashed from a name with MD5 is a UUID like any other.", "5.3"), "5df41881-3aed-3515-88a7-2f4a814cf09e"),
    (_version(4, "Random ids are what most code expects; in an answer, another one is about something else.", "5.4"),
     "919108f7-52d1-4320-9bac-f847db4148a8"),
    (_version(5, "An id hashed from a name with SHA-1 is a UUID like any other.", "5.5"), "2ed6657d-e927-568b-95e1-2665a8aea6a2"),
    (_version(6, "Versions after 5 came in 2024, and a pattern with [1-5] refuses them.", "5.6"),
     "1ec9414c-232a-6b00-b3c8-9f6bdeced846"),
    (_version(7, "Ids in order of time came in 2024, and a pattern with [1-5] refuses them.", "5.7"),
     "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"),
    (_version(8, "A vendor's own layout is version 8, and nothing in it can be read by others.", "5.8"),
     "5c146b14-3c52-8afd-938a-375d0df1fbf6"),
)  # fmt: skip
_FIXED = (
    (kind("identifiers.uuid_nil", "The id of nothing is what an unset field of many languages holds.", f"{_RFC}, section 5.9",
          _ODD, ("uuid", "boundary")), "00000000-0000-0000-0000-000000000000"),
    (kind("identifiers.uuid_max", "All ones has neither a version nor the usual variant, and many parsers take it.",
          f"{_RFC}, section 5.10", _ODD, ("uuid", "boundary")), "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    (kind("identifiers.uuid_version_0", "No UUID but the nil one has version 0.", f"{_RFC}, section 4.2", _ODD, ("uuid",)),
     "919108f7-52d1-0320-9bac-f847db4148a8"),
    (kind("identifiers.uuid_version_15", "Versions above 8 mean nothing yet.", f"{_RFC}, section 4.2", _ODD, ("uuid",)),
     "919108f7-52d1-f320-9bac-f847db4148a8"),
    (kind("identifiers.uuid_variant_ncs", "The variant of the first Apollo ids is not the one that the versions belong to.",
          f"{_RFC}, section 4.1", _ODD, ("uuid",)), "c232ab00-9414-11ec-13c8-9f6bdeced846"),
    (kind("identifiers.uuid_variant_microsoft", "Old COM class ids have another variant, although they look the same.",
          f"{_RFC}, section 4.1", _ODD, ("uuid",)), "c232ab00-9414-11ec-d3c8-9f6bdeced846"),
    (kind("identifiers.uuid_variant_future", "The last variant is reserved: no such id may be made.", f"{_RFC}, section 4.1",
          _ODD, ("uuid",)), "c232ab00-9414-11ec-f3c8-9f6bdeced846"),
)  # fmt: skip
CAPITALS = kind(
    "identifiers.uuid_capitals", "Written in small letters and read in any case: a comparison of texts finds nothing.",
    f"{_RFC}, section 4", EITHER, ("uuid", "case"),
)  # fmt: skip
MIXED_CASE = kind(
    "identifiers.uuid_mixed_case", "The same number in mixed case is another text, and so another key of a cache.",
    f"{_RFC}, section 4", EITHER, ("uuid", "case"),
)  # fmt: skip
NO_HYPHENS = kind(
    "identifiers.uuid_no_hyphens",
    "32 digits without hyphens are read as a UUID by Python, Java's database drivers and Postgres.",
    f"{_RFC}, section 4", _ODD, ("uuid", "parser"),
)  # fmt: skip
MOVED_HYPHENS = kind(
    "identifiers.uuid_moved_hyphens", "Parsers that drop every hyphen take them anywhere.", f"{_RFC}, section 4", _ODD,
    ("uuid", "parser"),
)  # fmt: skip
NOT_HEX = kind(
    "identifiers.uuid_not_hexadecimal", "The letter g is one past the digits.", f"{_RFC}, section 4", _ODD, ("uuid", "boundary"),
)  # fmt: skip
TOO_SHORT = kind(
    "identifiers.uuid_35_characters", "A column or a copy that loses the last digit.", f"{_RFC}, section 4", _ODD,
    ("uuid", "boundary"),
)  # fmt: skip
TOO_LONG = kind(
    "identifiers.uuid_37_characters", "One digit more than a column for 36 holds is cut off, and then found.",
    f"{_RFC}, section 4", _ODD, ("uuid", "boundary"),
)  # fmt: skip
BASE64 = kind(
    "identifiers.uuid_base64", "The 16 bytes in 22 letters, as short links carry them.", "RFC 4648, section 5", _ODD, ("uuid",)
)  # fmt: skip
BRACES = kind(
    "identifiers.uuid_in_braces", "The registry form of Windows, which GUID parsers remove without a warning.",
    "Microsoft .NET, Guid.ToString, format B", _ODD, ("uuid", "parser"),
)  # fmt: skip
URN = kind(
    "identifiers.uuid_urn", "A URN names the same UUID, but the vendor's field is for the UUID alone.",
    f"{_RFC}, section 4; RFC 8141, Uniform Resource Names", _ODD, ("uuid", "parser"),
)  # fmt: skip
KINDS = (
    *(each for each, _ in (*_VERSIONS, *_FIXED)), CAPITALS, MIXED_CASE, NO_HYPHENS, MOVED_HYPHENS, NOT_HEX, TOO_SHORT, TOO_LONG,
    BASE64, BRACES, URN,
)  # fmt: skip


def texts(subject: Subject) -> Iterator[tuple[Kind, str]]:
    """Yields the kinds of a UUID field, each with its text."""
    if not subject.is_uuid:
        return
    yield from _VERSIONS
    yield from _FIXED
    yield BRACES, "{" + subject.own + "}"
    yield URN, f"urn:uuid:{subject.own}"
    sample, bare = subject.sample, subject.sample.replace("-", "")
    if subject.is_placeholder:
        # The session's own id is spelled when it is known: in capitals another's is only another's.
        name = subject.own.strip("{}")
        yield CAPITALS, f"{{{name}:capitals}}"
        yield NO_HYPHENS, f"{{{name}:bare}}"
    else:
        if not (subject.role == "session_id" and subject.base.direction == REQUEST):  # in capitals another's is only another's
            yield CAPITALS, sample.upper()
            yield MIXED_CASE, "".join(letter.upper() if index % 2 else letter for index, letter in enumerate(sample))
        yield NO_HYPHENS, bare
    yield MOVED_HYPHENS, "-".join(bare[start : start + 4] for start in range(0, 32, 4))
    yield NOT_HEX, sample[:-1] + "g"
    yield TOO_SHORT, sample[:-1]
    yield TOO_LONG, subject.own + "0"
    yield BASE64, base64.urlsafe_b64encode(UUID(sample).bytes).decode().rstrip("=")

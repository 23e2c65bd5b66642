"""Caller's keys and cursors at their limits, by every way to count characters."""

from __future__ import annotations

from collections.abc import Iterator

from specimen.contracts.payloads.families.identifiers.subject import Subject
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT, Kind, kind
from specimen.contracts.requests.request_templates import unknown

_LENGTH = "JSON Schema 2020-12, Validation, section 6.3.1: a character is a code point"
_IDEMPOTENCY = "IETF draft, The Idempotency-Key HTTP Header Field"
_ACCENTED = "e\u0301"  # two code points that are one letter to a reader
_CARROT = "\U0001f955"  # one code point, two UTF-16 units, four bytes


def _key(name: str, claims: str | tuple[str, ...], rationale: str, source: str = _LENGTH, *tags: str) -> Kind:
    return kind(f"identifiers.key_{name}", rationale, source, claims, tags or ("boundary", "unicode"))


SINGLE = _key("one_character", ACCEPT, "The shortest key there is.", _LENGTH, "boundary")
AT_LIMIT = _key("at_limit", ACCEPT, "The longest key that the vendor allows.", _LENGTH, "boundary")
PAST_LIMIT = _key("past_limit", (REJECT, EITHER), "One character more than the vendor allows.", _LENGTH, "boundary")
AT_LIMIT_TWO_BYTES = _key("at_limit_two_byte_letters", ACCEPT, "As many characters as allowed are twice as many bytes.")
PAST_LIMIT_TWO_BYTES = _key("past_limit_two_byte_letters", REJECT, "One letter too many, each of two bytes.")
AT_LIMIT_EMOJI = _key("at_limit_emoji", EITHER, "As many code points as allowed are twice as many units to JavaScript.")
PAST_LIMIT_EMOJI = _key("past_limit_emoji", REJECT, "One emoji too many, however characters are counted.")
UTF16_LIMIT = _key("past_limit_utf16_only", EITHER, "Few enough code points, but one UTF-16 unit more than allowed.")
AT_LIMIT_COMBINING = _key("at_limit_combining", ACCEPT, "Letter and accent are two code points, one character to a reader.")
PAST_LIMIT_COMBINING = _key(
    "past_limit_combining", REJECT, "As many letters as allowed to a reader, each of two code points: normalised to NFC, it fits."
)
COMPOSED = _key("composed", ACCEPT, "The key of its decomposed twin to a reader, another one to a computer.",
                "Unicode Standard Annex #15, NFC", "unicode")  # fmt: skip
DECOMPOSED = _key("decomposed", ACCEPT, "The key of its composed twin to a reader, another one to a computer.",
                  "Unicode Standard Annex #15, NFD", "unicode")  # fmt: skip
EMOJI_SEQUENCE = _key("joined_emoji", ACCEPT, "A family of three is one picture, five code points and eighteen bytes.",
                      "Unicode Technical Standard #51, ZWJ sequences", "unicode")  # fmt: skip
CAPITALS = _key("capitals", ACCEPT, "In capitals it is another key: a collation that ignores case finds the other's session.",
                "ISO/IEC 9075-2, collations", "case")  # fmt: skip
UUID_KEY = _key("uuid", ACCEPT, "What most callers send, 36 characters long.", "RFC 9562, section 4", "uuid")
QUOTED = _key("quoted", EITHER, "A structured field puts a text in quotes: they are part of the key, or not.",
              f"{_IDEMPOTENCY}; RFC 9651, section 3.3.3", "parser")  # fmt: skip
COMMA = _key("with_comma", EITHER, "Where a header is read as a list, two keys.", "RFC 9110, section 5.3", "parser")
SPACES = _key("only_spaces", EITHER, "Characters enough, and nothing left after trimming.", _LENGTH, "whitespace")
OF_ANOTHER_KIND = kind(
    "identifiers.cursor_of_another_kind", "A cursor that names another kind of thing must not start the list anew.",
    "the parameter's description in the provider's document", (EITHER, REJECT), ("pagination",),
)  # fmt: skip
CURSOR_UNKNOWN = kind(
    "identifiers.cursor_unknown", "Well formed, but of nothing that the list shows: deleted since, or another customer's.",
    "the parameter's description in the provider's document", EITHER, ("pagination",),
)  # fmt: skip
KINDS = (
    SINGLE, AT_LIMIT, PAST_LIMIT, AT_LIMIT_TWO_BYTES, PAST_LIMIT_TWO_BYTES, AT_LIMIT_EMOJI, PAST_LIMIT_EMOJI, UTF16_LIMIT,
    AT_LIMIT_COMBINING, PAST_LIMIT_COMBINING, COMPOSED, DECOMPOSED, EMOJI_SEQUENCE, CAPITALS, UUID_KEY, QUOTED, COMMA, SPACES,
    OF_ANOTHER_KIND, CURSOR_UNKNOWN,
)  # fmt: skip
_UUID = "5d0d8a1e-6b1f-4c7a-9e3b-0c1fa2b4d6e8"


def texts(subject: Subject) -> Iterator[tuple[Kind, str]]:
    """Yields the kinds of a caller's key and of a cursor, each with its text."""
    if subject.role == "cursor":
        yield from _cursors(subject)
    limit = subject.place.keyword("maxLength")
    if isinstance(limit, int) and subject.form is None:
        yield SINGLE, "k"
        yield AT_LIMIT, "k" * limit
        yield PAST_LIMIT, "k" * (limit + 1)
    if subject.role == "client_key":
        if isinstance(limit, int):
            yield from _counted(limit)
        yield COMPOSED, "caf\u00e9"
        yield DECOMPOSED, f"caf{_ACCENTED}"
        yield EMOJI_SEQUENCE, "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    if subject.role in ("client_key", "idempotency_key"):
        yield CAPITALS, subject.sample.upper()
        yield UUID_KEY, _UUID
        yield QUOTED, f'"{subject.sample}"'
        yield COMMA, f"{subject.sample},{subject.sample}"
        yield SPACES, "   "


def _counted(limit: int) -> Iterator[tuple[Kind, str]]:
    yield AT_LIMIT_TWO_BYTES, "é" * limit
    yield PAST_LIMIT_TWO_BYTES, "é" * (limit + 1)
    yield AT_LIMIT_EMOJI, _CARROT * limit
    yield PAST_LIMIT_EMOJI, _CARROT * (limit + 1)
    yield UTF16_LIMIT, _CARROT * (limit // 2 + 1)
    yield AT_LIMIT_COMBINING, _ACCENTED * (limit // 2)
    yield PAST_LIMIT_COMBINING, _ACCENTED * limit


def _cursors(subject: Subject) -> Iterator[tuple[Kind, str]]:
    provider = subject.base.provider
    found = [unknown(provider, name) for name in provider.lifecycle.ids]
    yield from ((CURSOR_UNKNOWN, found[0]), (OF_ANOTHER_KIND, found[-1]))

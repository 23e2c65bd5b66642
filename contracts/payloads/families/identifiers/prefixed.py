"""Malformed ids of a prefix and random letters: wrong length, prefix or alphabet."""

from __future__ import annotations

import string
from collections.abc import Iterator

from specimen.contracts.payloads.families.identifiers.subject import Subject
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT, Kind, kind
from specimen.fixtures.primitives import ids

_PAGE = "the id's pattern in the provider's document"
_ODD = (REJECT, EITHER)
_UUID = "919108f7-52d1-4320-9bac-f847db4148a8"  # RFC 9562, appendix A.3


def _odd(name: str, rationale: str, *tags: str, source: str = _PAGE) -> Kind:
    return kind(f"identifiers.prefixed_{name}", rationale, source, _ODD, ("prefix", *tags))


SHORTER = _odd("one_shorter", "One letter less than the form has.", "boundary")
EXACT = kind(
    "identifiers.prefixed_exact_length", "Well formed, and another one: a check of the format alone lets it pass.",
    _PAGE, (ACCEPT, REJECT, EITHER), ("prefix", "boundary"), is_of_form=False,
)  # fmt: skip
LONGER = _odd("one_longer", "One letter more: a pattern without its end, or a column that cuts it off, takes it.", "boundary")
NON_ASCII = _odd(
    "non_ascii_letters", "Letters and digits to Unicode's classes, not to A-Z: \\w and isalnum take them.", "unicode",
    source="Unicode Standard Annex #44, General_Category",
)  # fmt: skip
OUTSIDE = _odd("letter_outside_alphabet", "A hyphen in the random part is no letter of the form.", "parser")
WRONG_PREFIX = _odd("wrong_prefix", "The id of another kind of thing: it must not be found by what follows the prefix.",
                    "injection")  # fmt: skip
UPPER_PREFIX = _odd("prefix_in_capitals", "Looked up without regard to case by some databases' collations.", "case")
PREFIX_ALONE = _odd("prefix_alone", "A prefix with nothing behind it: a search by beginnings finds everything.", "boundary")
NO_PREFIX = _odd("prefix_missing", "A service that stores the random part alone finds it without its prefix.", "parser")
TWICE = _odd("prefix_twice", "A prefix added to an id that had one.", "parser")
HYPHEN = _odd("hyphen_for_underscore", "Slugs and host names turn an underscore into a hyphen.", "parser")
SWAPPED = kind(
    "identifiers.prefixed_case_swapped", "In letters of the other case it is another id, or none.", _PAGE,
    (ACCEPT, REJECT, EITHER), ("prefix", "case"),
)  # fmt: skip
UUID_INSTEAD = _odd("uuid_instead", "An id of the form that the system had before its prefixes.", "uuid")
KINDS = (
    SHORTER, EXACT, LONGER, NON_ASCII, OUTSIDE, WRONG_PREFIX, UPPER_PREFIX, PREFIX_ALONE, NO_PREFIX, TWICE, HYPHEN, SWAPPED,
    UUID_INSTEAD,
)  # fmt: skip


def texts(subject: Subject) -> Iterator[tuple[Kind, str]]:
    """Yields the kinds of a field with a prefixed id, each with its text."""
    form = subject.form
    if form is None:
        return
    prefix, tail = form.prefix, subject.sample.removeprefix(form.prefix)
    alphabet = ids.ALPHABETS.get(form.alphabet, string.ascii_lowercase + string.digits)
    turned = tail.translate(str.maketrans(alphabet, alphabet[1:] + alphabet[0]))
    yield SHORTER, prefix + tail[:-1]
    yield EXACT, prefix + turned
    yield LONGER, subject.own + "0"
    yield NON_ASCII, prefix + "é" + tail[1:-1] + "٣"
    yield OUTSIDE, prefix + "-" + tail[1:]
    yield WRONG_PREFIX, "usr_" + tail
    if prefix:
        yield UPPER_PREFIX, prefix.upper() + tail
        yield PREFIX_ALONE, prefix
        yield NO_PREFIX, tail
        yield TWICE, prefix + subject.own
        yield HYPHEN, prefix.replace("_", "-") + tail
    yield SWAPPED, prefix + tail.swapcase()
    yield UUID_INSTEAD, _UUID

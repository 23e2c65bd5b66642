"""Malformed variants of any identifier: white space, encodings, homoglyphs, and other texts."""

from __future__ import annotations

from collections.abc import Iterator

from specimen.contracts.payloads.families.identifiers.subject import Subject
from specimen.contracts.payloads.model.case_types import EITHER, REJECT, Kind, kind

_ODD = (REJECT, EITHER)
_9562 = "RFC 9562, section 4"
_URI = "RFC 3986, section 2.4"
_CONFUSABLES = "Unicode Technical Standard #39, section 4"


def _odd(name: str, rationale: str, source: str, *tags: str) -> Kind:
    return kind(f"identifiers.{name}", rationale, source, _ODD, tags)


LEADING_SPACE = _odd("leading_space", "Copied from a mail, and trimmed by one service but not by the next.", _9562, "whitespace")
TRAILING_SPACE = _odd("trailing_space", "SQL compares CHAR columns without it, so that it finds a row.", _9562, "whitespace")
INNER_SPACE = _odd("inner_space", "A line break of a mail program leaves a space in the middle.", _9562, "whitespace")
TRAILING_NEWLINE = _odd(
    "trailing_newline", "The $ of Perl's, Python's and PHP's patterns lets one newline pass.", "Python, re, '$'",
    "whitespace", "parser", "injection",
)  # fmt: skip
TRAILING_CRLF = _odd(
    "trailing_crlf", "Written on into a header or a log, it begins a line of its own.", "CWE-93, CRLF injection", "whitespace",
    "injection",
)  # fmt: skip
TRAILING_TAB = _odd("trailing_tab", "What a copied cell of a table ends with.", _9562, "whitespace")
NO_BREAK_SPACE = _odd(
    "trailing_no_break_space", "Looks like nothing, and trimming ASCII white space leaves it.",
    "Unicode Standard Annex #44, White_Space", "whitespace", "unicode",
)  # fmt: skip
ZERO_WIDTH = _odd(
    "leading_zero_width_space", "Invisible, no white space to Unicode, and left by every trim.",
    "Unicode Standard, section 23.2, Layout Controls", "unicode",
)  # fmt: skip
NUL = _odd("trailing_nul", "C ends the text there, and Postgres refuses it with an error of its own.", "CWE-158", "injection")
ENCODED = _odd(
    "percent_encoded_twice", "A server that decodes once more than it should finds the session.", _URI, "parser", "injection"
)  # fmt: skip
ENCODED_LETTER = _odd(
    "percent_encoded_letter", "An ordinary letter as %XX names the same resource only where a URI is decoded.", _URI, "parser"
)  # fmt: skip
HOMOGLYPH = _odd("homoglyph", "Cyrillic letters that look the same are another id.", _CONFUSABLES, "unicode")
FULLWIDTH_DIGIT = _odd(
    "fullwidth_digit", "Compatibility normalisation makes it the real id after the check.", "Unicode Standard Annex #15, NFKC",
    "unicode",
)  # fmt: skip
OTHER_DIGIT = _odd(
    "arabic_indic_digit", "A digit to \\d and to int() of many languages.", "Unicode Standard Annex #44, General_Category Nd",
    "unicode", "parser",
)  # fmt: skip
TRAVERSAL = _odd(
    "path_traversal", "Put into a path or a file name unescaped, it leaves the folder.", "CWE-22, path traversal", "injection"
)  # fmt: skip
EXTENSION = _odd("with_extension", "Frameworks that choose a format by its ending cut it off and find the id.", "CWE-436",
                 "parser")  # fmt: skip
QUERY = _odd("with_query", "Put into a URL unescaped, the id ends at the question mark.", "RFC 3986, section 3.4", "injection")
WILDCARD = _odd("sql_wildcard", "LIKE finds the first row there is.", "ISO/IEC 9075-2, like predicate", "injection")
UNDEFINED = _odd("undefined", "What JavaScript writes for an id that it does not have.", "ECMA-262, ToString", "parser")
NULL_TEXT = _odd("null_text", "A null that was turned into a text on the way.", "ECMA-262, ToString", "parser")
DECIMAL = _odd("decimal_number", "The counter of a row, which could be counted on from.", "CWE-340", "parser")
EMPTY = _odd("empty", "No id at all: a look-up finds the list, or everything.", "JSON Schema 2020-12, minLength",
             "boundary")  # fmt: skip
VERY_LONG = _odd("very_long", "4096 letters pass no index, and their refusal should not repeat them.", "CWE-1284", "boundary")
KINDS = (
    LEADING_SPACE, TRAILING_SPACE, INNER_SPACE, TRAILING_NEWLINE, TRAILING_CRLF, TRAILING_TAB, NO_BREAK_SPACE, ZERO_WIDTH, NUL,
    ENCODED, ENCODED_LETTER, HOMOGLYPH, FULLWIDTH_DIGIT, OTHER_DIGIT, TRAVERSAL, EXTENSION, QUERY, WILDCARD, UNDEFINED,
    NULL_TEXT, DECIMAL, EMPTY, VERY_LONG,
)  # fmt: skip
# Cyrillic letters that no reader can tell from the Latin ones.
_LOOK_ALIKES = str.maketrans("aeopcxysijABCEHKMOPTX", "аеорсхуѕіјАВСЕНКМОРТХ")
_FULLWIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_ARABIC_INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def texts(subject: Subject) -> Iterator[tuple[Kind, str]]:
    """Yields the kinds of every identifier, each with its text; a placeholder stays as it is inside it."""
    own, sample = subject.own, subject.sample
    yield LEADING_SPACE, f" {own}"
    yield TRAILING_SPACE, f"{own} "
    middle = len(sample) // 2
    yield INNER_SPACE, f"{sample[:middle]} {sample[middle:]}"
    yield TRAILING_NEWLINE, f"{own}\n"
    yield TRAILING_CRLF, f"{own}\r\n"
    yield TRAILING_TAB, f"{own}\t"
    yield NO_BREAK_SPACE, f"{own}\u00a0"
    yield ZERO_WIDTH, f"\u200b{own}"
    yield NUL, f"{own}\0"
    yield ENCODED, f"{own}%20"
    yield ENCODED_LETTER, f"%{ord(sample[0]):02X}{sample[1:]}"
    yield HOMOGLYPH, sample.translate(_LOOK_ALIKES)
    with_digit = sample if any(letter.isdigit() for letter in sample) else f"{sample}1"
    yield FULLWIDTH_DIGIT, with_digit.translate(_FULLWIDTH)
    yield OTHER_DIGIT, with_digit.translate(_ARABIC_INDIC)
    # In a path a slash is for the router: the other one is what file systems of Windows take.
    yield TRAVERSAL, f"..\\{own}" if subject.place.parts[0] == "path" else f"../{own}"
    yield EXTENSION, f"{own}.json"
    yield QUERY, f"{own}?limit=1"
    yield WILDCARD, "%"
    yield UNDEFINED, "undefined"
    yield NULL_TEXT, "null"
    yield DECIMAL, "1"
    yield EMPTY, ""
    yield VERY_LONG, "a" * 4096

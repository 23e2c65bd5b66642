"""Whole JSON bodies: encoding, white space, and syntax errors."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator

from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT, Edge, kind
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.mutations import Whole
from specimen.contracts.payloads.model.valid_payloads import RESPONSE, Base

_TWO_MIB = 2 * 1024 * 1024
_JSON = "RFC 8259"
_PARSER = ["parser"]
# A name that JavaScript and JSON5 take without quotes; one with a hyphen they do not.
_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
BOM = kind(
    "structure.byte_order_mark", "A byte order mark before the JSON: none may be sent, a reader may forgive it.",
    "RFC 8259, section 8.1", EITHER, ["encoding", *_PARSER],
)  # fmt: skip
UTF_16_LE = kind(
    "structure.utf_16_le",
    "JSON between systems is UTF-8; Windows programs write this.",
    "RFC 8259, section 8.1",
    REJECT,
    ["encoding"],
)
UTF_16_BE = kind(
    "structure.utf_16_be",
    "JSON between systems is UTF-8, whatever a byte order mark says.",
    "RFC 8259, section 8.1",
    REJECT,
    ["encoding"],
)
LATIN_1 = kind(
    "structure.latin_1",
    "A lone byte E9 where UTF-8 has two: the é of an old system.",
    "RFC 8259, section 8.1; RFC 3629",
    [REJECT, EITHER],
    ["encoding"],
)
OVERLONG = kind(
    "structure.overlong_utf_8",
    "A slash in two bytes: forbidden since it walked around path checks.",
    "RFC 3629, section 3",
    [REJECT, EITHER],
    ["encoding"],
)
CR_LF = kind(
    "structure.cr_lf_between", "Line ends of Windows between the tokens are white space.", "RFC 8259, section 2", ACCEPT, _PARSER
)
INDENTED = kind("structure.indented", "The same value over many lines.", "RFC 8259, section 2", ACCEPT, _PARSER)
ESCAPED = kind(
    "structure.escaped",
    "Every letter of every text escaped: the same value, and no letter of it as it was.",
    "RFC 8259, section 7",
    ACCEPT,
    _PARSER,
)
REORDERED = kind("structure.reordered", "An object's fields have no order.", "RFC 8259, section 1", ACCEPT, _PARSER)
NO_BREAK_SPACE = kind(
    "structure.no_break_space_between", "U+00A0 between tokens is no white space to JSON.", "RFC 8259, section 2", REJECT, _PARSER
)
TRAILING_COMMA = kind(
    "structure.trailing_comma", "A comma before the closing brace, as JavaScript allows.", _JSON, REJECT, _PARSER
)
COMMENT = kind("structure.comment", "JSON has no comments.", _JSON, REJECT, _PARSER)
SINGLE_QUOTES = kind("structure.single_quotes", "What Python prints of a dict.", "RFC 8259, section 7", REJECT, _PARSER)
BARE_KEYS = kind("structure.bare_keys", "A name without quotes, as in JavaScript.", "RFC 8259, section 4", REJECT, _PARSER)
CUT_OFF = kind(
    "structure.cut_off",
    "The connection ended before the body did.",
    "RFC 9112, section 8, Handling Incomplete Messages",
    REJECT,
    _PARSER,
)
TEXT_AFTER = kind("structure.text_after", "A second value behind the first.", "RFC 8259, section 2", REJECT, _PARSER)
NOTHING = kind("structure.no_byte", "A JSON content type and not one byte.", "RFC 9110, section 8.3")
TOO_DEEP = kind(
    "structure.nested_100000",
    "A hundred thousand open brackets exhaust the stack of a recursive parser.",
    "RFC 8259, section 9",
    [REJECT, EITHER],
    ["boundary", *_PARSER],
)
HTML = kind("structure.html_page", "A gateway's error page where JSON was promised.", "RFC 9110, section 15.6.3", REJECT, _PARSER)
COMPRESSED = kind(
    "structure.compressed_unsaid", "A body in gzip that no Content-Encoding names: a reader gets bytes that are no text.",
    "RFC 9110, section 8.4; RFC 1952", REJECT, ["encoding"],
)  # fmt: skip
CUT_LETTER = kind(
    "structure.cut_in_a_letter", "The body ends within a letter of two bytes: a decoder waits for the rest or replaces it.",
    "RFC 3629, section 4; RFC 9112, section 8", REJECT, ["encoding", *_PARSER],
)  # fmt: skip
TEXT_ONLY = kind(
    "structure.top_level_text",
    "A valid JSON text that is a string and no object.",
    "RFC 8259, section 2",
    [REJECT, EITHER],
    ["type"],
)
LIST_ONLY = kind(
    "structure.top_level_array",
    "A valid JSON text that is an array, which PHP also writes for a map without entries.",
    "RFC 8259, section 2",
    [REJECT, EITHER],
    ["type"],
)
NULL_ONLY = kind("structure.top_level_null", "null is a JSON text of its own.", "RFC 8259, section 2", tags=["type"])
TWO_MIB = kind("structure.body_of_2_mib", "Two MiB of body, most of it white space.", "RFC 8259, section 9", tags=["boundary"])


def edges(place: PayloadField, base: Base) -> Iterator[Edge]:
    """Yields the kinds of whole JSON bodies."""
    value = place.value
    if not isinstance(value, dict) or (base.media is not None and base.media.content_type == "multipart/form-data"):
        return
    text = json.dumps(value, ensure_ascii=False)
    data = text.encode()
    yield Edge(BOM, Whole(b"\xef\xbb\xbf" + data))
    yield Edge(UTF_16_LE, Whole(b"\xff\xfe" + text.encode("utf-16-le")))
    yield Edge(UTF_16_BE, Whole(b"\xfe\xff" + text.encode("utf-16-be")))
    yield Edge(LATIN_1, Whole(_with_field(data, b'"specimen": "Ren\xe9"')))
    yield Edge(OVERLONG, Whole(_with_field(data, b'"specimen": "\xc0\xaf"')))
    yield Edge(CR_LF, Whole(json.dumps(value, ensure_ascii=False, indent=1).replace("\n", "\r\n").encode()))
    yield Edge(INDENTED, Whole(json.dumps(value, ensure_ascii=False, indent=4).encode()))
    if not any(f"{{{name}}}" in text for name in base.provider.lifecycle.ids):  # a placeholder is filled in the text as it is
        yield Edge(ESCAPED, Whole(_escaped(value).encode()))
    if len(value) > 1:
        yield Edge(REORDERED, Whole(json.dumps(dict(reversed(value.items())), ensure_ascii=False).encode()))
    yield Edge(NO_BREAK_SPACE, Whole(b"{\xc2\xa0" + data[1:]))
    if value:
        yield Edge(TRAILING_COMMA, Whole(data[:-1] + b",}"))
        yield Edge(SINGLE_QUOTES, Whole(repr(value).encode("utf-8", "surrogatepass")))
        name = next((each for each in value if _IDENTIFIER.fullmatch(each)), None)
        if name is not None:
            yield Edge(BARE_KEYS, Whole(_bare(value, name).encode()))
    yield Edge(COMMENT, Whole(b"/* specimen */ " + data))
    yield Edge(CUT_OFF, Whole(data[: max(1, len(data) * 2 // 3)]))
    yield Edge(TEXT_AFTER, Whole(data + b" {}"))
    yield Edge(COMPRESSED, Whole(gzip.compress(data, mtime=0)))
    yield Edge(CUT_LETTER, Whole(_with_field(data, '"specimen": "René"'.encode())[:-3]))
    yield Edge(NOTHING, Whole(b""))
    yield Edge(TOO_DEEP, Whole(b"[" * 100_000 + b"]" * 100_000))
    yield Edge(TEXT_ONLY, Whole(b'"specimen"'))
    yield Edge(LIST_ONLY, Whole(b"[]"))
    yield Edge(NULL_ONLY, Whole(b"null"))
    yield Edge(TWO_MIB, Whole(data + b" " * (_TWO_MIB - len(data))))
    if base.direction == RESPONSE:
        yield Edge(HTML, Whole(b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"))


def _with_field(data: bytes, field: bytes) -> bytes:
    """Appends a field to the text of an object."""
    return data[:-1] + (b", " if len(data) > 2 else b"") + field + b"}"


def _escaped(value: object) -> str:
    if isinstance(value, str):
        units = value.encode("utf-16-be", "surrogatepass")
        return '"' + "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)) + '"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_escaped(key)}: {_escaped(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_escaped, value)) + "]"
    return json.dumps(value)


def _bare(value: dict[str, object], bare: str) -> str:
    """Writes an object with one of its names unquoted."""
    fields = (
        f"{name if name == bare else json.dumps(name, ensure_ascii=False)}: {json.dumps(entry, ensure_ascii=False)}"
        for name, entry in value.items()
    )
    return "{" + ", ".join(fields) + "}"

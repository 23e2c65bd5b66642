"""The kinds of odd JSON structure: each with why it matters and its source."""

from __future__ import annotations

from typing import Any

from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT, Kind, kind

_SCHEMA = "JSON Schema 2020-12, validation, section 6"
_JSON = "RFC 8259"
MISSING = kind("structure.missing", "A reader that indexes the field without asking fails.", "JSON Schema 2020-12, required")
NULL = kind("structure.null", "null is neither an empty text nor an absent field.", "RFC 8259, section 3")
NULL_FOR_ABSENT = kind(
    "structure.null_for_absent", "An optional field that is sent as null is not the field left out.", "RFC 8259, section 3"
)
EMPTY_TEXT = kind("structure.empty_text", "An empty text passes a check for presence and holds nothing.", f"{_SCHEMA}.3")
BLANK_TEXT = kind(
    "structure.blank_text", "White space alone passes a check for emptiness and shows nothing.", f"{_SCHEMA}.3", is_of_form=True
)
EMPTY_OBJECT = kind("structure.empty_object", "An object without any field is still an object.", f"{_SCHEMA}.5")
EMPTY_ARRAY = kind("structure.empty_array", "Code that takes the first item of a list fails on none.", f"{_SCHEMA}.4")
LONG_ARRAY = kind(
    "structure.long_array", "A thousand items where a handful is usual overflow screens, pages and buffers.", f"{_SCHEMA}.4",
    tags=["boundary"], is_of_form=True,
)  # fmt: skip
WRONG_TYPES: dict[str, tuple[Kind, Any]] = {
    name: (
        kind(f"structure.{name}_instead", f"{words} where another type is documented.", f"{_SCHEMA}.1.1", tags=["type"]),
        value,
    )
    for name, words, value in (
        ("string", "A text", "specimen"),
        ("integer", "A whole number", 7),
        ("number", "A number with a fraction", 7.5),
        ("boolean", "A truth value", True),
        ("object", "An object", {"specimen": "specimen"}),
        ("array", "An array", ["specimen"]),
    )
}
NUMBER_AS_TEXT = kind(
    "structure.number_as_text", "The right digits in quotes: languages that convert hide the mistake.", _JSON, tags=["number"]
)
NAN_AS_TEXT = kind(
    "structure.nan_as_text",
    "The text NaN where a number is documented: languages that convert make a number that equals nothing.",
    "IEEE 754; ECMA-262, Number",
    tags=["number"],
)
BOOLEAN_AS_TEXT = kind("structure.boolean_as_text", 'In many languages the text "false" counts as true.', _JSON)
ONE_POINT_ZERO = kind(
    "structure.integer_with_point", "The same whole number with a fraction of zero: to JSON Schema an integer, to many parsers none.",
    f"{_SCHEMA}.1.1", [ACCEPT, REJECT, EITHER], ["number"], is_of_form=True,
)  # fmt: skip
EXPONENT = kind(
    "structure.integer_with_exponent", "The same whole number in scientific form: valid JSON that integer parsers refuse.",
    "RFC 8259, section 6", [ACCEPT, REJECT, EITHER], ["number"], is_of_form=True,
)  # fmt: skip
PAST_2_53 = kind(
    "structure.integer_past_2_53", "The first whole number that a double cannot hold: 9007199254740993 is read as …992.",
    "RFC 8259, section 6; RFC 7493, section 2.2", tags=["number", "boundary"], is_of_form=True,
)  # fmt: skip
PAST_64_BITS = kind(
    "structure.integer_past_64_bits",
    "Twenty digits overflow integers of 64 bits, with a sign or without.",
    "RFC 8259, section 6",
    tags=["number"],
    is_of_form=True,
)
HUGE_EXPONENT = kind(
    "structure.number_1e400",
    "Valid JSON that a double reads as infinity.",
    "RFC 8259, section 6",
    tags=["number"],
    is_of_form=True,
)
MINUS_ZERO = kind(
    "structure.minus_zero",
    "−0 equals 0, and some languages print it otherwise.",
    "RFC 8259, section 6; IEEE 754",
    tags=["number"],
    is_of_form=True,
)
NEGATIVE = kind("structure.negative", "A count, a duration or a share below zero.", f"{_SCHEMA}.2", tags=["number"])
MINIMUM = kind("structure.minimum", "The least that is documented.", f"{_SCHEMA}.2.4", tags=["boundary"], is_of_form=True)
BELOW_MINIMUM = kind(
    "structure.below_minimum", "One less than the least that is documented.", f"{_SCHEMA}.2.4", [REJECT, EITHER], ["boundary"]
)
MAXIMUM = kind("structure.maximum", "The most that is documented.", f"{_SCHEMA}.2.2", tags=["boundary"], is_of_form=True)
ABOVE_MAXIMUM = kind(
    "structure.above_maximum", "One more than the most that is documented.", f"{_SCHEMA}.2.2", [REJECT, EITHER], ["boundary"]
)
LONGEST = kind(
    "structure.longest_text",
    "Exactly as many characters as are documented.",
    f"{_SCHEMA}.3.1",
    tags=["boundary"],
    is_of_form=True,
)
TOO_LONG = kind(
    "structure.too_long_text", "One character more than is documented.", f"{_SCHEMA}.3.1", [REJECT, EITHER], ["boundary"]
)
HUGE_TEXT = kind(
    "structure.text_of_64_kib", "A text of 64 KiB where a line is usual.", f"{_SCHEMA}.3", tags=["boundary"], is_of_form=True
)
UNKNOWN_VALUE = kind(
    "structure.unknown_value", "A value that the documented list does not have: a newer version's, or a slip.", f"{_SCHEMA}.1.2"
)
VALUE_OTHER_CASE = kind(
    "structure.value_in_other_case", "The documented value in other letters: lists of values know case.", f"{_SCHEMA}.1.2"
)
VALUE_WITH_BLANK = kind("structure.value_with_blank", "The documented value with a blank behind it.", f"{_SCHEMA}.1.2")
UNKNOWN_FIELD = kind(
    "structure.unknown_field",
    "A vendor adds a field: a reader that forbids it breaks on the day.",
    "JSON Schema 2020-12, additionalProperties",
    is_of_form=True,
)
PROTOTYPE_FIELD = kind(
    "structure.prototype_field",
    "A field named __proto__ pollutes objects of careless JavaScript.",
    "CWE-1321",
    tags=["injection"],
    is_of_form=True,
)
NESTED_FIELD = kind(
    "structure.nested_unknown_field", "A hundred objects inside one another in an unknown field: valid JSON, and a reader may set a limit.",
    "RFC 8259, section 9", [EITHER, REJECT], ["boundary", "parser"], is_of_form=True,
)  # fmt: skip
SAME_KEY_TWICE = kind(
    "structure.key_twice_same_value", "The same name twice with one value: parsers may keep either, or refuse.", "RFC 8259, section 4",
    [EITHER, REJECT], ["parser"],
)  # fmt: skip
OTHER_KEY_TWICE = kind(
    "structure.key_twice_other_value", "The same name twice: two parsers on the way may see two different values.",
    "RFC 8259, section 4; RFC 7493, section 2.3", [EITHER, REJECT], ["parser"],
)  # fmt: skip
LONE_SURROGATE = kind(
    "structure.lone_surrogate", "Half of a surrogate pair, escaped: JSON grammar allows it, no UTF-8 text can hold it.",
    "RFC 8259, section 8.2", [EITHER, REJECT], ["unicode", "parser"], is_of_form=True,
)  # fmt: skip
LINE_BREAK = kind(
    "structure.line_break_inside",
    "CR LF inside a text: headers, logs and CSV files break at it.",
    "CWE-93",
    tags=["injection"],
    is_of_form=True,
)
NUL_INSIDE = kind(
    "structure.nul_inside",
    "U+0000 inside a text: C strings end there, PostgreSQL refuses it.",
    "RFC 8259, section 7",
    tags=["parser"],
    is_of_form=True,
)
NAN = kind(
    "structure.nan", "NaN is no JSON, though Python writes and reads it.", "RFC 8259, section 6", REJECT, ["number", "parser"]
)
INFINITY = kind(
    "structure.infinity",
    "Infinity is no JSON, though Python writes and reads it.",
    "RFC 8259, section 6",
    REJECT,
    ["number", "parser"],
)
TEXT_NUMBERS = {
    "1.0": kind("structure.query_point", "A whole number with a point in a query.", "OpenAPI 3.1, Parameter Object", tags=["number"]),
    "1e0": kind("structure.query_exponent", "A whole number in scientific form in a query.", "OpenAPI 3.1, Parameter Object", tags=["number"]),
    "-0": kind("structure.query_minus_zero", "Minus zero in a query.", "OpenAPI 3.1, Parameter Object", tags=["number"]),
    "+1": kind("structure.query_plus", "A plus before a number: many parsers of integers take it, and unencoded it is a blank.", "OpenAPI 3.1, Parameter Object", tags=["number"]),
    "0x1": kind("structure.query_hexadecimal", "A hexadecimal number in a query.", "OpenAPI 3.1, Parameter Object", tags=["number"]),
    "9007199254740993": kind("structure.query_past_2_53", "A number that a double cannot hold, in a query.", "RFC 7493, section 2.2", tags=["number"]),
    "NaN": kind("structure.query_nan", "NaN in a query: many parsers of numbers take the text.", "IEEE 754", tags=["number"]),
    "\u0661": kind("structure.query_arabic_digit", "An Arabic-Indic digit: Python's int() reads it as 1.", "Unicode, Nd", tags=["number", "unicode"]),
}  # fmt: skip

"""The structure family: what stands in each payload, by readers of JSON text that are written here from RFC 8259."""

from __future__ import annotations

import ast
import gzip
import itertools
import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from specimen import specs
from specimen.contracts.payloads import Case
from tests.contracts.payloads.catalogues import catalogue, check_all
from tests.contracts.payloads.json_text import (
    GONE,
    Token,
    depths,
    in_order,
    is_json,
    is_value,
    levels,
    plain,
    texts_without_escapes,
    tokens,
    twice,
    value_at,
)

NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
PLACEHOLDER = re.compile(r"\{\w+\}")
TWO_MIB = 2_097_152
Check = Callable[[Any, Any], bool]


def structural() -> Iterator[Case]:
    """The cases of this family."""
    for name in specs.names():
        yield from (case for case in catalogue(name).cases if case.kind.startswith("structure."))


def now(case: Case) -> Any:
    """What stands at the case's field; of bytes as `tokens` reads them."""
    payload = case.payload
    if isinstance(payload, bytes):
        payload = tokens(payload)
    elif case.direction == "request" and isinstance(payload.get("body"), bytes):
        payload = {**payload, "body": tokens(payload["body"])}
    return value_at(payload, case.field)


def before(case: Case) -> Any:
    """What stood there validly."""
    return value_at(case.base.payload, case.field)


def body(case: Case) -> bytes:
    """The bytes that a case sends."""
    data = case.payload if case.direction == "response" else case.payload["body"]
    assert isinstance(data, bytes), case.id
    return data


def valid(case: Case) -> Any:
    """The body's value before the change."""
    return case.base.payload if case.direction == "response" else case.base.payload["body"]


def added(old: Any, new: Any) -> dict[str, Any]:
    """The fields that an object has more."""
    assert {**new, **old} == new
    return {name: new[name] for name in new if name not in old}


def without(new: str, inside: str) -> str:
    """A text from which what was put in is taken out, once."""
    assert new.count(inside) == 1
    return new.replace(inside, "")


def bound(case: Case, word: str) -> Any:
    """What a keyword of the field's schema says."""
    return next(place for place in case.base.places() if place.pointer == case.field).keyword(word)


def allowed(case: Case) -> list[Any]:
    """The documented values of a field."""
    return bound(case, "enum") or [bound(case, "const")]


def lower(values: list[Any]) -> list[str]:
    """Texts in small letters."""
    return [value.lower() for value in values if isinstance(value, str)]


# By the kind's name: what was, what is, and whether that is what the kind says.
OF_VALUES: dict[str, Check] = {
    "missing": lambda old, new: old != GONE and new == GONE,
    "null": lambda old, new: old not in (GONE, None) and new is None,
    "null_for_absent": lambda old, new: old == GONE and new is None,
    "empty_text": lambda old, new: old != "" and new == "",
    "blank_text": lambda old, new: not old.isspace() and new.isspace(),
    "empty_object": lambda old, new: bool(old) and new == {},
    "empty_array": lambda old, new: bool(old) and new == [],
    "long_array": lambda old, new: len(new) == 1000 and new[: len(old)] == old and all(entry in old for entry in new),
    "string_instead": lambda old, new: not isinstance(old, str) and type(new) is str,
    "integer_instead": lambda old, new: type(old) is not int and type(new) is int,
    "number_instead": lambda old, new: type(old) is not float and type(new) is float and new != int(new),
    "boolean_instead": lambda old, new: type(old) is not bool and type(new) is bool,
    "object_instead": lambda old, new: not isinstance(old, dict) and type(new) is dict,
    "array_instead": lambda old, new: not isinstance(old, list) and type(new) is list,
    "number_as_text": lambda old, new: type(new) is str and NUMBER.fullmatch(new) is not None and float(new) == old,
    "nan_as_text": lambda old, new: type(new) is str and math.isnan(float(new)) and not math.isnan(old),
    "boolean_as_text": lambda old, new: (old, new) in ((True, "true"), (False, "false")),
    "integer_with_point": lambda old, new: written(new, r"-?\d+\.0") and float(new) == old,
    "integer_with_exponent": lambda old, new: written(new, r"-?\d+e0") and float(new) == old,
    "integer_past_2_53": lambda _, new: new == next(each for each in itertools.count(2**53) if int(float(each)) != each),
    "integer_past_64_bits": lambda _, new: type(new) is int and new.bit_length() > 64 and len(str(new)) == 20,
    "number_1e400": lambda _, new: written(new, r"1e400") and float(new) == math.inf,
    "minus_zero": lambda _, new: written(new, r"-0") and math.copysign(1, float(new)) == -1,
    "negative": lambda old, new: old >= 0 > new,
    "nan": lambda _, new: isinstance(new, Token) and not NUMBER.fullmatch(new) and math.isnan(float(new)),
    "infinity": lambda _, new: isinstance(new, Token) and not NUMBER.fullmatch(new) and math.isinf(float(new)),
    "text_of_64_kib": lambda _, new: len(new.encode()) == 65_536,
    "unknown_field": lambda old, new: list(added(old, new).values()) == ["specimen"],
    "prototype_field": lambda old, new: list(added(old, new)) == ["__proto__"],
    "nested_unknown_field": lambda old, new: [levels(value) for value in added(old, new).values()] == [100],
    "key_twice_same_value": lambda old, new: [one == other for one, other in twice(new)] == [True],
    "key_twice_other_value": lambda old, new: [one == other for one, other in twice(new)] == [False],
    "lone_surrogate": lambda _, new: [unicodedata.category(letter) for letter in new] == ["Cs"],
    "line_break_inside": lambda old, new: without(new, "\r\nSpecimen: ") == old and is_filled_as(old, new),
    "nul_inside": lambda old, new: without(new, "\x00") == old and is_filled_as(old, new),
    "query_point": lambda _, new: written(new, r"\d+\.\d+") and float(new).is_integer(),
    "query_exponent": lambda _, new: written(new, r"\d+e\d+") and float(new).is_integer(),
    "query_minus_zero": lambda _, new: new.startswith("-") and int(new) == 0,
    "query_plus": lambda _, new: written(f"1{new}", r"1\+\d+") and int(new) == 1,
    "query_hexadecimal": lambda _, new: written(new, r"\d+x\d+") and int(new, 16) == 1,
    "query_past_2_53": lambda _, new: int(float(new)) != int(new) == 2**53 + 1,
    "query_nan": lambda _, new: math.isnan(float(new)),
    "query_arabic_digit": lambda _, new: unicodedata.name(new) == "ARABIC-INDIC DIGIT ONE" and int(new) == 1,
}
# Those whose measure is in the document: the case, what was, and what is.
OF_SCHEMAS: dict[str, Callable[[Case, Any, Any], bool]] = {
    "minimum": lambda case, _, new: float(new) == bound(case, "minimum"),
    "below_minimum": lambda case, _, new: bound(case, "minimum") - float(new) == 1,
    "maximum": lambda case, _, new: float(new) == bound(case, "maximum"),
    "above_maximum": lambda case, _, new: float(new) - bound(case, "maximum") == 1,
    "longest_text": lambda case, old, new: len(new) == bound(case, "maxLength") and new.startswith(old) and new != old,
    "too_long_text": lambda case, old, new: len(new) == bound(case, "maxLength") + 1 and new.startswith(old),
    "unknown_value": lambda case, _, new: new.lower() not in lower(allowed(case)),
    "value_in_other_case": lambda case, _, new: new not in allowed(case) and new.lower() in lower(allowed(case)),
    "value_with_blank": lambda case, _, new: new not in allowed(case) and new.removesuffix(" ") in allowed(case),
}
# Whole bodies: the bytes, and the value that they were made from.
OF_BODIES: dict[str, Callable[[bytes, Any], bool]] = {
    "byte_order_mark": lambda data, value: data[:3] == b"\xef\xbb\xbf" and json.loads(data[3:]) == value,
    "utf_16_le": lambda data, value: data[:2] == b"\xff\xfe" and json.loads(data[2:].decode("utf-16-le")) == value,
    "utf_16_be": lambda data, value: data[:2] == b"\xfe\xff" and json.loads(data[2:].decode("utf-16-be")) == value,
    "latin_1": lambda data, value: is_one_fault(data, b"\xe9", "é", value),
    "overlong_utf_8": lambda data, value: is_one_fault(data, b"\xc0\xaf", chr((0xC0 & 0x1F) << 6 | 0xAF & 0x3F), value),
    "cr_lf_between": lambda data, value: data.count(b"\r\n") == data.count(b"\n") > 1 and is_value(data, value),
    "indented": lambda data, value: data.count(b"\n    ") > 0 and b"\r" not in data and is_value(data, value),
    "escaped": lambda data, value: is_value(data, value) and set(texts_without_escapes(data)) == {b'""'},
    "reordered": lambda data, value: json.loads(data) == value and list(json.loads(data)) == list(value)[::-1],
    "no_break_space_between": lambda data, value: is_value(one_less(data, "{\u00a0".encode(), b"{"), value),
    "trailing_comma": lambda data, value: data.endswith(b",}") and is_value(data[:-2] + b"}", value),
    "comment": lambda data, value: is_value(re.sub(rb"\A/\*.*?\*/", b"", data), value),
    "single_quotes": lambda data, value: data[:2] == b"{'" and in_order(ast.literal_eval(data.decode())) == in_order(value),
    "bare_keys": lambda data, value: is_value(re.sub(rb"([{,]\s*)([A-Za-z_$][\w$]*):", rb'\1"\2":', data, count=1), value),
    "compressed_unsaid": lambda data, value: json.loads(gzip.decompress(data)) == value,
    "cut_in_a_letter": lambda data, value: json.loads(data + b'\xa9"}') == {**value, "specimen": "René"},
    "cut_off": lambda data, value: 0 < len(data) < len(plain(value)) and plain(value).startswith(data),
    "text_after": lambda data, value: data.startswith(plain(value)) and is_json(data[len(plain(value)) :]),
    "no_byte": lambda data, _: data == b"",
    "nested_100000": lambda data, _: list(depths(data)) == [*range(1, 100_001), *range(99_999, -1, -1)],
    "html_page": lambda data, _: data.lower().startswith(b"<!doctype html>"),
    "top_level_text": lambda data, _: isinstance(json.loads(data), str),
    "top_level_array": lambda data, _: isinstance(json.loads(data), list),
    "top_level_null": lambda data, _: json.loads(data) is None,
    "body_of_2_mib": lambda data, value: len(data) == TWO_MIB and is_value(data, value),
}
# Those bodies that are JSON in UTF-8 all the same; none of the others is.
JSON_BODIES = {
    "cr_lf_between", "indented", "escaped", "reordered", "top_level_text", "top_level_array", "top_level_null", "body_of_2_mib",
}  # fmt: skip


def written(value: Any, pattern: str) -> bool:
    """Whether a number, or a text of a query, is written so."""
    return isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def is_filled_as(old: str, new: str) -> bool:
    """Whether the placeholders of ids are still whole, so that the ids are sent."""
    return PLACEHOLDER.findall(new) == PLACEHOLDER.findall(old)


def is_one_fault(data: bytes, wrong: bytes, meant: str, value: Any) -> bool:
    """Whether bytes that are no UTF-8 stand once, in a field more, and the letter that they mean makes the rest valid."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        start = error.start
    else:
        return False
    right = data[:start] + meant.encode() + data[start:].removeprefix(wrong)
    return data[start:].startswith(wrong) and "".join(added(value, json.loads(right)).values()).count(meant) == 1


def one_less(data: bytes, wrong: bytes, right: bytes) -> bytes:
    """The bytes without what was put in at their beginning."""
    assert data.startswith(wrong)
    return right + data.removeprefix(wrong)


def test_kinds__each_has_its_reader() -> None:
    """None is taken on trust, and no reader is left over."""
    assert {case.kind for case in structural()} == {f"structure.{name}" for name in (*OF_VALUES, *OF_SCHEMAS, *OF_BODIES)}


@pytest.mark.parametrize("kind", OF_VALUES)
def test_value__is_what_its_kind_says(kind: str) -> None:
    """Wherever the kind was applied, beside what stood there."""

    def broken(case: Case) -> Iterator[str]:
        if not OF_VALUES[kind](before(case), now(case)):
            yield f"{before(case)!r} became {now(case)!r}"

    assert check_all((case for case in structural() if case.kind == f"structure.{kind}"), broken) > 0


@pytest.mark.parametrize("kind", OF_SCHEMAS)
def test_value__is_as_far_from_the_documented_one_as_its_kind_says(kind: str) -> None:
    """By the keyword that the document has there."""

    def broken(case: Case) -> Iterator[str]:
        if not OF_SCHEMAS[kind](case, before(case), now(case)):
            yield f"{before(case)!r} became {now(case)!r}"

    assert check_all((case for case in structural() if case.kind == f"structure.{kind}"), broken) > 0


@pytest.mark.parametrize("kind", OF_BODIES)
def test_body__is_what_its_kind_says(kind: str) -> None:
    """The valid value in other bytes, or bytes that are no JSON by one thing alone."""

    def broken(case: Case) -> Iterator[str]:
        data = body(case)
        if not OF_BODIES[kind](data, valid(case)):
            yield f"{data[:100]!r}"
        if is_json(data) != (kind in JSON_BODIES):
            yield f"{data[:100]!r} is {'no ' if kind in JSON_BODIES else ''}JSON"

    assert check_all((case for case in structural() if case.kind == f"structure.{kind}"), broken) > 0


def test_kinds__no_two_send_the_same_number_below_zero() -> None:
    """Where nothing below 0 is documented, -1 is that case and no other."""
    below = {(case.id.rpartition(":")[0], now(case)) for case in structural() if case.kind == "structure.below_minimum"}
    negative = {(case.id.rpartition(":")[0], now(case)) for case in structural() if case.kind == "structure.negative"}
    assert negative
    assert not below & negative

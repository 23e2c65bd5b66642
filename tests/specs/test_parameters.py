"""Parameters by style and explode: OpenAPI's own table, and that what was written is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen.specs.core.errors import SpecError, SpecimenError
from specimen.specs.loading.parameters import Parameter, parameter_of, text_of, typed
from specimen.specs.loading.serialization import (
    ABSENT,
    header_texts,
    is_in_query,
    path_text,
    query_text,
    read_header,
    read_path,
    read_query,
)
from tests.mockserver import dummy_provider

ARRAY = {"type": "array", "items": {"type": "string"}}
COLORS = ["blue", "black", "brown"]
RGB = {"R": 100, "G": 200, "B": 150}
OBJECT = {"type": "object", "properties": {name: {"type": "integer"} for name in RGB}}
SCALARS = {"string": st.text(), "integer": st.integers(-(10**300), 10**300), "boolean": st.booleans(),
           "number": st.floats(allow_nan=False, allow_infinity=False)}  # fmt: skip
FORMS = [("path", "simple", False), ("path", "simple", True), ("query", "form", True), ("query", "form", False),
         ("query", "spaceDelimited", False), ("query", "pipeDelimited", False), ("query", "deepObject", True),
         ("header", "simple", False), ("header", "simple", True)]  # fmt: skip


def parameter(location: str, schema: Any, **more: Any) -> Parameter:
    """A required parameter named `color`."""
    node = {"name": "color", "in": location, "required": True, "schema": schema, **more}
    return parameter_of(node, "/p", "openapi.yaml: /p", lambda found: found)


def written(entry: Parameter, value: Any) -> str | None:
    """What stands in a request for the parameter's value."""
    if entry.location == "path":
        return path_text("/{color}", [entry], {"color": value})[1:]
    if entry.location == "query":
        return query_text([entry], {"color": value})
    return header_texts([entry], {"color": value}).get("color")


def read(entry: Parameter, text: str | None) -> Any:
    """What the text says."""
    if text is None:
        return ABSENT
    return {"path": read_path, "query": read_query, "header": read_header}[entry.location](entry, text)


@pytest.mark.parametrize(
    ("location", "style", "explode", "of_array", "of_object"),
    [
        ("path", "simple", False, "blue,black,brown", "R,100,G,200,B,150"),
        ("path", "simple", True, "blue,black,brown", "R=100,G=200,B=150"),
        ("header", "simple", False, "blue,black,brown", "R,100,G,200,B,150"),
        ("header", "simple", True, "blue,black,brown", "R=100,G=200,B=150"),
        ("query", "form", False, "color=blue,black,brown", "color=R,100,G,200,B,150"),
        ("query", "form", True, "color=blue&color=black&color=brown", "R=100&G=200&B=150"),
        ("query", "spaceDelimited", False, "color=blue%20black%20brown", "color=R%20100%20G%20200%20B%20150"),
        ("query", "pipeDelimited", False, "color=blue%7Cblack%7Cbrown", "color=R%7C100%7CG%7C200%7CB%7C150"),
        ("query", "deepObject", True, None, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"),
    ],
)
def test_style__is_written_as_the_table_of_openapi_shows(
    location: str, style: str, explode: bool, of_array: str | None, of_object: str
) -> None:
    """The examples of OpenAPI 3.1.1, "Style Examples"."""
    if of_array is not None:
        assert written(parameter(location, ARRAY, style=style, explode=explode), COLORS) == of_array
    assert written(parameter(location, OBJECT, style=style, explode=explode), RGB) == of_object


def test_defaults__are_those_of_openapi() -> None:
    """A query is of style form and explodes; a path and a header are simple and do not."""
    for location, style, explode in (("query", "form", True), ("path", "simple", False), ("header", "simple", False)):
        found = parameter(location, ARRAY)
        assert (found.style, found.explode) == (style, explode)


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (10.0, "10"), (-0.5, "-0.5"), (1e21, "1" + "0" * 21), (None, "null"), ("true", "true"),
     (7, "7"), ("", "")],
)  # fmt: skip
def test_value__is_written_as_json_writes_it(value: Any, text: str) -> None:
    """Never as Python would."""
    assert text_of(value) == text


def test_value__that_json_does_not_have_is_an_error() -> None:
    """NaN and the infinities."""
    for value in (float("nan"), float("inf")):
        with pytest.raises(SpecimenError, match="expected a number that JSON has"):
            text_of(value)


def test_reserved_characters__are_percent_encoded() -> None:
    """Everywhere in a URL but where `allowReserved` lets them stand; what delimits a query is encoded there too."""
    text = "a/b?c#d&e=f+g h,i%ü"
    encoded = "a%2Fb%3Fc%23d%26e%3Df%2Bg%20h%2Ci%25%C3%BC"
    string = {"type": "string"}
    assert written(parameter("path", string), text) == encoded
    assert written(parameter("query", string), text) == f"color={encoded}"
    reserved = parameter("query", string, allowReserved=True)
    assert written(reserved, text) == "color=a/b?c%23d%26e%3Df%2Bg%20h%2Ci%25%C3%BC"
    assert read(reserved, written(reserved, text)) == text
    assert written(parameter("header", string), "a/b, c") == "a/b, c"
    assert [written(parameter("path", string), dots) for dots in (".", "..")] == ["%2E", "%2E%2E"]


@given(st.data(), st.sampled_from(FORMS), st.sampled_from(sorted(SCALARS)), st.sampled_from(["scalar", "array", "object"]))
def test_reading__is_the_inverse_of_writing(data: Any, form: tuple[str, str, bool], kind: str, shape: str) -> None:
    """A value of the parameter's schema is read as it was, an empty list or object as an absent one."""
    location, style, explode = form
    entries = SCALARS[kind]
    if kind == "string" and location == "header":
        entries = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=","))
    elif kind == "string":
        delimiter = {"spaceDelimited": " ", "pipeDelimited": "|"}.get(style, "")
        entries = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=delimiter))
    if shape == "scalar" and style in ("simple", "form"):
        schema, values = {"type": kind}, entries
    elif shape == "array" and style != "deepObject":
        schema, values = {"type": "array", "items": {"type": kind}}, st.lists(entries, max_size=4)
    else:
        names = ["a", "b.c", "d_e"]
        schema = {"type": "object", "properties": {name: {"type": kind} for name in names}}
        values = st.dictionaries(st.sampled_from(names), entries)
    entry, value = parameter(location, schema, style=style, explode=explode), data.draw(values)
    text = written(entry, value)
    if value in ([], {}):
        assert text in ("", None)
    else:
        assert read(entry, text) == value
        assert location != "query" or all(is_in_query(entry, pair.partition("=")[0].replace("%5B", "[").replace("%5D", "]"))
                                          for pair in str(text).split("&"))  # fmt: skip


@given(st.text())
def test_typed__reads_what_is_no_value_as_text(text: str) -> None:
    """A wrong value is not lost: the schema says that it is wrong."""
    for kind in ("integer", "number", "boolean"):
        found = typed(text, {"type": kind})
        assert found == text or typed(text_of(found), {"type": kind}) == found


@pytest.mark.parametrize("style", ["spaceDelimited", "pipeDelimited"])
def test_delimiter__in_an_entry_is_an_error(style: str) -> None:
    """No reader could tell two entries from one."""
    with pytest.raises(SpecimenError, match=f"query parameter 'color': an entry of it has .* which style '{style}'"):
        written(parameter("query", ARRAY, style=style), ["a b|c"])
    with pytest.raises(SpecimenError, match="header parameter 'color': an entry of it has a ','"):
        written(parameter("header", ARRAY), ["a,b"])


UNSUPPORTED = {
    "matrix": ({"in": "path", "style": "matrix"}, r"style 'matrix' is not supported, expected simple\."),
    "form in a path": ({"in": "path", "style": "form"}, r"style 'form' is not supported, expected simple\."),
    "a style of nobody": (
        {"in": "query", "style": "csv"},
        r"style 'csv' is not supported, expected form or spaceDelimited or pipeDelimited or deepObject\.",
    ),
    "spaceDelimited that explodes": (
        {"in": "query", "style": "spaceDelimited", "explode": True, "schema": ARRAY},
        r"has no meaning with 'explode: true'",
    ),
    "pipeDelimited text": ({"in": "query", "style": "pipeDelimited", "schema": {"type": "string"}}, "is for arrays and objects"),
    "deepObject array": ({"in": "query", "style": "deepObject", "schema": ARRAY}, "is for objects"),
    "array of arrays": ({"in": "query", "schema": {"type": "array", "items": ARRAY}}, "an entry is an array or an object"),
    "object in an object": (
        {"in": "query", "style": "deepObject", "schema": {"type": "object", "properties": {"inner": OBJECT}}},
        "'inner' is an array or an object",
    ),
    "object without names": ({"in": "query", "schema": {"type": "object"}}, "needs 'properties'"),
    "content": ({"in": "query", "content": {"application/json": {"schema": OBJECT}}}, "'content' is not supported"),
    "nowhere": ({"in": "body"}, "in 'body', expected one of path, query, header, cookie"),
}


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_style__that_is_not_supported_is_an_error_when_the_document_is_read(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the file, the place, what was expected: never a request in another form than the document's."""
    node, pattern = UNSUPPORTED[case]
    data = dummy_provider.document(
        {"/find/{q}": dummy_provider.echo("find", parameters=[{"name": "q", "required": True, **node}])}
    )
    with pytest.raises(SpecError, match=pattern) as raised:
        dummy_provider.load(monkeypatch, tmp_path, data)
    assert str(raised.value).startswith(f"{tmp_path / 'atlas' / 'openapi.yaml'}: /paths/~1find~1{{q}}/post/parameters/0: ")

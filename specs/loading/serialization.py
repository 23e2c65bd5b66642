"""Parameters in a request by `style` and `explode` (OpenAPI 3.1, "Style Values"; RFC 6570), written and read alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import partial
from typing import Any, Final
from urllib.parse import quote, unquote, unquote_plus

from specimen.specs.core.errors import SpecimenError
from specimen.specs.loading.parameters import Parameter, kinds, text_of, typed

# The delimiter between the entries of a list in a URL, and the character that an entry's text may contain only escaped.
_DELIMITERS = {"form": ",", "simple": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C"}
_AMBIGUOUS = {"spaceDelimited": " ", "pipeDelimited": "|"}
# What may stay in a query with `allowReserved`: reserved (RFC 3986, section 2.2), and no delimiter of a query or a list.
_RESERVED = ":/?@!$'()*;"


class _Absent(Enum):
    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT


def path_text(route: str, parameters: Iterable[Parameter], values: Mapping[str, Any]) -> str:
    """A templated path with its parameters' values, percent-encoded; a missing value is empty."""
    declared = {entry.name: entry for entry in parameters if entry.location == "path"}
    pieces = route.split("{")
    found = pieces[0]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}")
        found += _segment(declared.get(name) or _undeclared(name, "path"), values.get(name, "")) + rest
    return found


def query_text(parameters: Iterable[Parameter], values: Mapping[str, Any]) -> str:
    """A query string of parameters' values, percent-encoded; a name that is not declared is of style form."""
    declared = {entry.name: entry for entry in parameters if entry.location == "query"}
    return "&".join(
        pair for name, value in values.items() for pair in _pairs(declared.get(name) or _undeclared(name, "query"), value)
    )


def header_texts(parameters: Iterable[Parameter], values: Mapping[str, Any]) -> dict[str, str]:
    """The values of headers by their lower-case names, without percent-encoding; an empty list or object has none.

    Raises:
        SpecimenError: an entry of a list has a comma, which a reader would take for the end of the entry.
    """
    declared = {entry.name.lower(): entry for entry in parameters if entry.location == "header"}
    found = {}
    for name, value in values.items():
        parameter = declared.get(name.lower()) or _undeclared(name, "header")
        if not _is_nested(value):
            found[name.lower()] = text_of(value)
        elif value:
            found[name.lower()] = _joined(parameter, value, partial(_unambiguous, parameter, ","))
    return found


def _undeclared(name: str, location: str) -> Parameter:
    is_query = location == "query"
    return Parameter(name, location, False, {}, "", "form" if is_query else "simple", is_query)


def _is_nested(value: Any) -> bool:
    return isinstance(value, (list, tuple, Mapping))


def _segment(parameter: Parameter, value: Any) -> str:
    found = _joined(parameter, value, _escaped) if _is_nested(value) else _escaped(text_of(value))
    # Dots alone would be a relative path segment.
    return found.replace(".", "%2E") if found in (".", "..") else found


def _pairs(parameter: Parameter, value: Any) -> Iterator[str]:
    """The `name=value` of a parameter in a query; none for an empty list or object (RFC 6570, section 2.3)."""
    escape = partial(_escaped, safe=_RESERVED if parameter.allow_reserved else "")
    if not _is_nested(value):
        yield f"{_escaped(parameter.name)}={escape(text_of(value))}"
    elif parameter.style == "deepObject" and isinstance(value, Mapping):
        for key, entry in value.items():
            yield f"{_escaped(f'{parameter.name}[{key}]')}={escape(text_of(entry))}"
    elif parameter.explode or parameter.style == "deepObject":
        for key, entry in value.items() if isinstance(value, Mapping) else [(parameter.name, entry) for entry in value]:
            yield f"{_escaped(key)}={escape(text_of(entry))}"
    elif value:
        delimiter = _AMBIGUOUS.get(parameter.style)
        checked = escape if delimiter is None else lambda text: escape(_unambiguous(parameter, delimiter, text))
        yield f"{_escaped(parameter.name)}={_joined(parameter, value, checked)}"


def _joined(parameter: Parameter, value: Any, escape: Any) -> str:
    """The entries of a list, or the keys and values of an object, with the style's delimiter between."""
    if isinstance(value, Mapping):
        pairs = [(escape(str(key)), escape(text_of(entry))) for key, entry in value.items()]
        texts = [f"{key}={text}" for key, text in pairs] if parameter.explode else [text for pair in pairs for text in pair]
    else:
        texts = [escape(text_of(entry)) for entry in value]
    return _DELIMITERS[parameter.style].join(texts)


def _escaped(text: str, safe: str = "") -> str:
    return quote(text, safe=safe, errors="surrogatepass")


def _unambiguous(parameter: Parameter, delimiter: str, text: str) -> str:
    if delimiter in text:
        raise SpecimenError(
            f"{parameter.location} parameter '{parameter.name}': an entry of it has a '{delimiter}', "
            f"which style '{parameter.style}' puts between entries. Use a value without one."
        )
    return text


def read_path(parameter: Parameter, segment: str) -> Any:
    """The value of a path parameter from its percent-encoded text."""
    return _read_joined(parameter, segment, unquote)


def read_header(parameter: Parameter, text: str) -> Any:
    """The value of a header parameter; blanks around a list's commas do not count (RFC 9110, section 5.6.1)."""
    return _read_joined(parameter, text, str.strip) if parameter.is_composite else typed(text, parameter.schema)


def read_query(parameter: Parameter, query: str) -> Any:
    """The value of a query parameter from the query string, or ABSENT; of a repeated one that is no list the last."""
    pairs = [(unquote_plus(name), text) for name, _, text in (piece.partition("=") for piece in query.split("&"))]
    if _has_own_names(parameter):
        named = [(_property(parameter, name), text) for name, text in pairs]
        found = {name: typed(unquote_plus(text), parameter.properties.get(name, {})) for name, text in named if name is not None}
        return found or ABSENT
    texts = [text for name, text in pairs if name == parameter.name]
    if not texts:
        return ABSENT
    if parameter.explode and "array" in kinds(parameter.schema):
        return [typed(unquote_plus(text), parameter.items) for text in texts]
    return _read_joined(parameter, texts[-1], unquote_plus)


def is_in_query(parameter: Parameter, name: str) -> bool:
    """Whether a name in a query belongs to a parameter."""
    if _has_own_names(parameter):
        return _property(parameter, name) is not None
    return parameter.location == "query" and name == parameter.name


def _has_own_names(parameter: Parameter) -> bool:
    """Whether each property of an object is a query parameter of its own."""
    return parameter.style == "deepObject" or (parameter.style == "form" and parameter.explode and _is_object(parameter))


def _property(parameter: Parameter, name: str) -> str | None:
    """The property of an object that a name in a query denotes."""
    if parameter.style != "deepObject":
        return name if name in parameter.properties else None
    start = f"{parameter.name}["
    return name[len(start) : -1] if name.startswith(start) and name.endswith("]") else None


def _is_object(parameter: Parameter) -> bool:
    types = kinds(parameter.schema)
    return "object" in types and "array" not in types


def _read_joined(parameter: Parameter, text: str, decode: Any) -> Any:
    if not parameter.is_composite:
        return typed(decode(text), parameter.schema)
    if parameter.style == "spaceDelimited":
        text = text.replace("+", "%20")
    elif parameter.style == "pipeDelimited":
        text = text.replace("|", "%7C").replace("%7c", "%7C")
    texts = text.split(_DELIMITERS[parameter.style])
    if "array" in kinds(parameter.schema):
        return [typed(decode(entry), parameter.items) for entry in texts]
    if parameter.explode:
        pairs = [(decode(key), decode(entry)) for key, _, entry in (one.partition("=") for one in texts)]
    else:
        pairs = [(decode(key), decode(entry)) for key, entry in zip(texts[::2], [*texts[1::2], ""], strict=False)]
    return {key: typed(entry, parameter.properties.get(key, {})) for key, entry in pairs}

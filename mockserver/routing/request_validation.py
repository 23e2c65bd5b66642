"""Requests against the schemas of their operation, compiled once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote

import jsonschema_rs

from specimen.mockserver.http.messages import CONTENT_ENCODING, Problem, SchemaError
from specimen.mockserver.http.request_body import RequestRejected
from specimen.specs import Operation
from specimen.specs.core.multipart import FormPart
from specimen.specs.loading.forms import form_value
from specimen.specs.loading.openapi import Media
from specimen.specs.loading.parameters import Parameter, kinds, typed
from specimen.specs.loading.schemas import Schemas
from specimen.specs.loading.serialization import ABSENT, read_header, read_path, read_query

_MOST_ERRORS = 20
_MOST_FIELDS = 1000


class RequestValidator:
    """Checks the parameters and the body of one operation, and gives them their types."""

    def __init__(self, schemas: Schemas, operation: Operation) -> None:
        self._document = schemas.document
        self._operation = operation
        checks = [(parameter, schemas.validator(parameter.pointer)) for parameter in operation.parameters]
        self._path = [(*check, _path_reader(check[0])) for check in checks if check[0].location == "path"]
        self._query = [(*check, check[0].is_composite) for check in checks if check[0].location == "query"]
        self._header = [
            (*check, check[0].name.lower(), kinds(check[0].schema) == {"string"})
            for check in checks
            if check[0].location == "header"
        ]
        self._bodies = {
            media.content_type: (media, None if media.pointer is None else schemas.validator(media.pointer))
            for media in operation.bodies
        }

    def path(self, values: Mapping[str, str]) -> None:
        """Checks the path's parameters.

        Raises:
            RequestRejected: one breaks its schema.
        """
        for parameter, validator, read in self._path:
            value = read(values[parameter.name])
            if not _holds(validator, value):
                raise self._refused(parameter, validator, value)

    def query(self, query_string: bytes) -> dict[str, Any]:
        """The query's parameters with their types and defaults; of a repeated one the last counts.

        Raises:
            RequestRejected: one is missing or breaks its schema.
        """
        if not self._query:
            return {}
        text = query_string.decode("latin-1")
        try:
            given = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
        except ValueError:
            raise RequestRejected(
                Problem("invalid_parameter", f"the query has more than {_MOST_FIELDS} fields", "query")
            ) from None
        found: dict[str, Any] = {}
        for parameter, validator, is_composite in self._query:
            value = read_query(parameter, text) if is_composite else _plain(parameter, given)
            if value is ABSENT:
                self._absent(parameter, found)
                continue
            if not _holds(validator, value):
                raise self._refused(parameter, validator, value)
            found[parameter.name] = value
        return found

    def headers(self, headers: Mapping[str, str]) -> None:
        """Checks the header parameters.

        Raises:
            RequestRejected: one is missing or breaks its schema.
        """
        for parameter, validator, name, is_text in self._header:
            text = headers.get(name)
            if text is None:
                self._absent(parameter, {})
                continue
            value = text if is_text else read_header(parameter, text)
            if not _holds(validator, value):
                raise self._refused(parameter, validator, value)

    def media(self, content_type: str | None, raw: bytes) -> Media | None:
        """Which of the operation's bodies a request brings; None for none at all.

        Raises:
            RequestRejected: it brings one that the operation does not take.
        """
        if not self._bodies or (not raw and content_type is None):
            return None
        ignores_others = self._operation.ignores_other_bodies
        if content_type is None:
            return None if ignores_others else next(iter(self._bodies.values()))[0]
        media = self._operation.body(content_type)
        if media is None:
            if not raw or ignores_others:
                return None
            possible = ", ".join(self._bodies)
            raise RequestRejected(
                Problem("unsupported_media_type", f"the body is {content_type[:100]}, expected {possible}", "header")
            )
        return media

    @staticmethod
    def check_encoding(encoding: str | None, raw: bytes) -> None:
        """Checks that a body comes as it is.

        Raises:
            RequestRejected: it is compressed, which no provider's document knows of.
        """
        if encoding and raw and encoding.strip().lower() != "identity":
            detail = f"the body's content encoding is {encoding[:40]}, expected none: send it uncompressed"
            raise RequestRejected(Problem("unsupported_media_type", detail, CONTENT_ENCODING))

    def json_body(self, media: Media, body: Any) -> None:
        """Checks a parsed body.

        Raises:
            RequestRejected: it breaks its schema.
        """
        validator = self._bodies[media.content_type][1]
        if validator is None or _holds(validator, body):
            return
        raise RequestRejected(Problem("invalid_body", "the body breaks its schema", "body", errors(validator, body)))

    def form_body(self, media: Media, parts: tuple[FormPart, ...]) -> None:
        """Checks the parts of a multipart body as the object that the document describes.

        Raises:
            RequestRejected: it breaks its schema.
        """
        if media.pointer is not None:
            schema = self._document.resolve(self._document.at(media.pointer))[0]
            self.json_body(media, form_value(parts, schema, self._document))

    def _absent(self, parameter: Parameter, found: dict[str, Any]) -> None:
        if parameter.required:
            error = SchemaError(parameter.name, "required", f"{parameter.name} is missing", dict(parameter.schema))
            raise RequestRejected(Problem("invalid_parameter", error.message, parameter.location, (error,)))
        if "default" in parameter.schema:
            found[parameter.name] = parameter.schema["default"]

    @staticmethod
    def _refused(parameter: Parameter, validator: jsonschema_rs.Draft202012Validator, value: Any) -> RequestRejected:
        found = errors(validator, value, parameter.name)
        detail = f"{parameter.name}: {found[0].message}" if found else f"{parameter.name} cannot be read"
        return RequestRejected(Problem("invalid_parameter", detail, parameter.location, found))


def _path_reader(parameter: Parameter) -> Callable[[str], Any]:
    """Reads the text of a path parameter, which the router has decoded."""
    if parameter.is_composite:
        return lambda text: read_path(parameter, quote(text, safe=",="))
    if kinds(parameter.schema) == {"string"}:
        return str
    return lambda text: typed(text, parameter.schema)


def _plain(parameter: Parameter, given: Mapping[str, str]) -> Any:
    return typed(given[parameter.name], parameter.schema) if parameter.name in given else ABSENT


def errors(validator: jsonschema_rs.Draft202012Validator, value: Any, name: str = "") -> tuple[SchemaError, ...]:
    """What breaks a schema, the first twenty; `name` takes the place of the pointer for a parameter."""
    found = []
    try:
        for error in validator.iter_errors(value):
            pointer = name or "".join(f"/{part}" for part in error.instance_path)
            expected = next(iter(error.kind.as_dict().values()), None)
            found.append(SchemaError(pointer, error.kind.name, error.message, expected, error.instance))
            if len(found) >= _MOST_ERRORS:
                break
    except (ValueError, OverflowError) as error:
        found.append(SchemaError(name, "value", f"a value cannot be read: {error}"))
    return tuple(found)


def _holds(validator: jsonschema_rs.Draft202012Validator, value: Any) -> bool:
    try:
        return validator.is_valid(value)
    except (ValueError, OverflowError):  # a lone surrogate, a number that no JSON library keeps
        return False

"""Reads and writes multipart/form-data (RFC 7578), with names escaped as in the HTML standard."""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError, MultipartParseError
from python_multipart.multipart import parse_options_header

from specimen.specs.core.errors import SpecimenError

FORM_TYPE = "multipart/form-data"
# HTML Standard, multipart/form-data encoding algorithm: a percent sign is not escaped, so that a name that contains one of these
# escapes is read as another name.
_ESCAPES = {'"': "%22", "\r": "%0D", "\n": "%0A"}
_ESCAPED = str.maketrans(_ESCAPES)
_PLAIN = {escape: char for char, escape in _ESCAPES.items()}
_ESCAPE = re.compile("|".join(_PLAIN))
# The parser logs what it raises; the caller gets it as an error.
_SILENT = logging.Logger(__name__, logging.CRITICAL)  # noqa: LOG001 - no handler may ever receive it


@dataclass(frozen=True, slots=True)
class FormPart:
    """A part of a form; `filename` is None for a plain field, `content_type` where the part names none."""

    name: str
    filename: str | None
    content_type: str | None
    data: bytes

    @property
    def text(self) -> str:
        """The part as text."""
        return self.data.decode("utf-8", "replace")


class FormError(SpecimenError):
    """A body is no form; `parts` are those that were complete before the error."""

    def __init__(self, what: str, parts: tuple[FormPart, ...] = ()) -> None:
        super().__init__(what)
        self.parts = parts


def boundary_of(content_type: str) -> bytes | None:
    """The boundary that a form's content type names; None of another type, or where it names none."""
    media_type, options = parse_options_header(content_type.encode("latin-1", "replace"))
    if media_type.lower() != FORM_TYPE.encode():
        return None
    return {name.lower(): value for name, value in options.items()}.get(b"boundary") or None


def read(body: bytes, content_type: str, *, most_parts: int | None = None) -> tuple[FormPart, ...]:
    """The parts of a form in their order.

    Names are UTF-8, or else Latin-1. A backslash before a quotation mark or another one is dropped, and so are the folders of a
    Windows path before a file's name: python-multipart reads them so, as most servers do.

    Raises:
        FormError: it is no form, has no closing boundary, or has more than `most_parts` parts.
    """
    boundary = boundary_of(content_type)
    if boundary is None:
        raise FormError(f"the content type names no boundary (expected {FORM_TYPE}; boundary=…)")
    found = _Parts(most_parts)
    try:
        parser = MultipartParser(boundary, {
            "on_part_begin": found.begin, "on_part_data": found.add, "on_part_end": found.end_part, "on_end": found.end,
            "on_header_field": found.add_to_name, "on_header_value": found.add_to_value, "on_header_end": found.end_header,
            "on_headers_finished": found.end_headers,
        })  # fmt: skip
        parser.logger = _SILENT
        parser.write(body)
    except FormError as error:
        raise FormError(str(error), tuple(found.whole)) from None
    except MultipartParseError as error:
        raise FormError(f"it cannot be read at byte {error.offset}", tuple(found.whole)) from None
    except FormParserError as error:
        raise FormError(str(error)) from None
    if not found.is_ended:
        raise FormError("the boundary that closes it is missing", tuple(found.whole))
    return tuple(found.whole)


def write(parts: Iterable[FormPart], boundary: str) -> bytes:
    """A form's bytes.

    Raises:
        ValueError: a part holds the boundary, its content type a line end, or a name half of a surrogate pair.
    """
    out = []
    for part in parts:
        head = f'Content-Disposition: form-data; name="{part.name.translate(_ESCAPED)}"'
        if part.filename is not None:
            head += f'; filename="{part.filename.translate(_ESCAPED)}"'
        if part.content_type is not None:
            if "\r" in part.content_type or "\n" in part.content_type:
                raise ValueError(f"the content type of part '{part.name}' holds a line end")
            head += f"\r\nContent-Type: {part.content_type}"
        if f"\r\n--{boundary}".encode() in b"\r\n" + part.data:
            raise ValueError(f"part '{part.name}' holds the boundary '{boundary}'. Choose another one.")
        out.append(f"--{boundary}\r\n{head}\r\n\r\n".encode() + part.data + b"\r\n")
    return b"".join(out) + f"--{boundary}--\r\n".encode()


def from_entries(entries: Iterable[Mapping[str, str]]) -> tuple[FormPart, ...]:
    """The parts that lifecycle.yaml writes as mappings: `name` with `value`, or with `base64`, `filename`, `content_type`."""
    return tuple(
        FormPart(
            entry["name"],
            entry.get("filename", "file"),
            entry.get("content_type", "application/octet-stream"),
            base64.b64decode(entry["base64"]),
        )
        if "base64" in entry
        else FormPart(entry["name"], None, None, entry.get("value", "").encode())
        for entry in entries
    )


class _Parts:
    """Collects the parts from the parser's callbacks."""

    def __init__(self, most: int | None) -> None:
        self.whole: list[FormPart] = []
        self.is_ended = False
        self._most = most
        self.begin()

    def begin(self) -> None:
        self._name, self._value = b"", b""
        self._headers: dict[bytes, bytes] = {}
        self._options: dict[bytes, bytes] = {}
        self._data: list[bytes] = []

    def add_to_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def end_header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def end_headers(self) -> None:
        _, self._options = parse_options_header(self._headers.get(b"content-disposition"))
        if b"name" not in self._options:
            raise FormError("the Content-Disposition of a part gives no name")
        if self._most is not None and len(self.whole) >= self._most:
            raise FormError(f"it has more than {self._most} parts")

    def add(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def end_part(self) -> None:
        filename, content_type = self._options.get(b"filename"), self._headers.get(b"content-type")
        self.whole.append(
            FormPart(
                _named(self._options[b"name"]),
                None if filename is None else _named(filename),
                None if content_type is None else _decoded(content_type),
                b"".join(self._data),
            )
        )

    def end(self) -> None:
        self.is_ended = True


def _named(raw: bytes) -> str:
    return _ESCAPE.sub(lambda found: _PLAIN[found[0]], _decoded(raw))


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")

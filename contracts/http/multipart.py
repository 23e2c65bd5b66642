"""Reads the multipart form of a request."""

from __future__ import annotations

from typing import NamedTuple

from specimen.specs.core.multipart import FormError, FormPart, boundary_of, read


class Form(NamedTuple):
    """A form's whole parts in their order; `error` says why it is none after them, and is empty where it is one."""

    parts: tuple[FormPart, ...]
    error: str = ""


def form(content_type: str, body: bytes) -> Form | None:
    """The form in a body; None where the boundary that its content type names is not in it.

    A recording may hold the size of a body only.
    """
    boundary = boundary_of(content_type)
    if boundary is None or b"--" + boundary not in body:
        return None
    try:
        return Form(read(body, content_type))
    except FormError as error:
        return Form(error.parts, str(error))

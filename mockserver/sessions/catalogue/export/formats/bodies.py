"""Bodies of steps, as tools want them: a text, or the parts of a form with files beside the collection."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from specimen.mockserver.sessions.catalogue.export.steps import Collection, Step

FOLDER = "files"


def parts_of(step: Step) -> list[Mapping[str, Any]] | None:
    """The parts of a form, or None where the body is none."""
    return step.body["$multipart"] if isinstance(step.body, Mapping) and "$multipart" in step.body else None


def text_of(step: Step) -> str | None:
    """The body as a text; None where there is no body, or it is a form."""
    if step.body is None or parts_of(step) is not None:
        return None
    if isinstance(step.body, Mapping) and "$raw" in step.body:
        return str(step.body["$raw"])
    return json.dumps(step.body, ensure_ascii=False, indent=2)


def is_json(step: Step) -> bool:
    """Whether the body is JSON, rather than a text that only looks like it."""
    return text_of(step) is not None and not (isinstance(step.body, Mapping) and "$raw" in step.body)


def file_of(part: Mapping[str, Any]) -> str:
    """Where the file of a part stands in the collection's folder: equal files stand there once."""
    name = "".join(one if one.isalnum() or one in "-_." else "_" for one in part["filename"]).lstrip(".")
    return f"{FOLDER}/{sha256(part['base64'].encode()).hexdigest()[:8]}-{name or 'file'}"


def uploads(collection: Collection) -> Iterator[tuple[str, bytes]]:
    """The files that the forms upload, with their places."""
    for step in collection.steps:
        for part in parts_of(step) or ():
            if "filename" in part:
                yield file_of(part), base64.b64decode(part["base64"])

"""How certain the document is of an answer's body."""

from __future__ import annotations

from specimen.contracts.judge.severity import weakest
from specimen.specs import Document
from specimen.specs.loading.openapi import Response, mark_of


def body_mark(document: Document, response: Response) -> str:
    """The mark of a documented answer's body: where its schema is assumed, so are its content type and its words."""
    schemas = (document.resolve(document.at(media.pointer))[0] for media in response.media if media.pointer is not None)
    return weakest(response.mark, *map(mark_of, schemas))

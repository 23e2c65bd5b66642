"""The targets of image links: pictures that are drawn for their session, and a placeholder where nothing can draw them."""

from __future__ import annotations

import asyncio
import hmac
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs

from specimen.fixtures import recipes
from specimen.fixtures.pictures.facts import facts
from specimen.fixtures.recipes.recipe import SessionSnapshot
from specimen.fixtures.standards.signed_urls import signature
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.sessions.service import Sessions
from specimen.specs import Provider
from specimen.specs.core.extras import MissingExtra, needs

PREFIX = "images/"
_PLACEHOLDER = Path(__file__).with_name("specimen.png")


async def answer(provider: Provider, path: str, query_string: bytes, request_path: str, sessions: Sessions) -> Reply | None:
    """The picture at a path such as `<session id>/selfie.png`; None where no session of the namespace has it.

    A provider that states nothing of its pictures has the placeholder at all other paths: its own links open too.
    """
    refused = _refusal(query_string, request_path, sessions.now)
    if refused is not None:
        return refused
    stated = facts(provider)
    missing = None if stated.is_stated or not path else _placeholder()
    found = stated.pattern.fullmatch(path)
    if found is None:
        return missing
    session = await sessions.get(found["id"], by=stated.id_name, poll=False)
    if session is None:
        return missing
    snapshot = session.snapshot
    if recipes.picture(provider, snapshot, found["picture"]) is None:
        return missing
    # Drawing takes a processor for some fiftieths of a second, in which other requests are answered.
    return await asyncio.to_thread(_drawn, provider, snapshot, found["picture"])


def _drawn(provider: Provider, session: SessionSnapshot, name: str) -> Reply:
    try:
        with needs("pictures", "Drawing pictures"):
            from specimen.fixtures.pictures import gallery
    except MissingExtra:
        return _placeholder()
    found = gallery.picture(provider, session, name)
    return _placeholder() if found is None else Reply(200, found.content, content_type=gallery.CONTENT_TYPE)


def _refusal(query_string: bytes, request_path: str, now: int) -> Reply | None:
    """Why a signed link does not open: it is over, or was changed."""
    query = {name: values[-1] for name, values in parse_qs(query_string.decode("latin-1")).items()}
    if "exp" not in query and "sig" not in query:
        return None
    expires = query.get("exp", "")
    is_number = expires.isascii() and expires.isdigit() and len(expires) < 16
    good = is_number and hmac.compare_digest(signature(request_path, int(expires)).encode(), query.get("sig", "").encode())
    if good and now < int(expires) * 1000:
        return None
    what = "expired" if good else "wrongly signed"
    return Reply(403, f"This link is {what}.\n".encode(), content_type="text/plain; charset=utf-8")


@cache
def _placeholder_png() -> bytes:
    return _PLACEHOLDER.read_bytes()


def _placeholder() -> Reply:
    """A small picture that says SPECIMEN, and the line that installs what draws."""
    return Reply(200, _placeholder_png(), content_type="image/png")

"""The targets of links in answers: images, and a stand-in for the vendor's verification page."""

from __future__ import annotations

import hmac
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import parse_qs

from specimen.fixtures.standards.signed_urls import signature
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.sessions.service import Sessions

_IMAGE = Path(__file__).with_name("specimen.png")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Specimen · {title}</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem}}
code{{background:#eee;padding:.1em .3em;border-radius:3px;overflow-wrap:anywhere}}
a.go{{display:inline-block;padding:.6em 1.2em;background:#1d4ed8;color:#fff;border-radius:6px;text-decoration:none}}
</style></head>
<body><h1>{title}</h1><p>In place of the vendor's verification page. Session <code>{session}</code> is
<strong>{state}</strong>.</p><p>{way_back}</p></body></html>
"""


def answer(title: str, path: str, query_string: bytes, request_path: str, sessions: Sessions) -> Reply | None:
    """The page or image at a path such as `flow/<session id>` or `images/….png`, or None."""
    kind, _, rest = path.partition("/")
    if kind == "images" and rest:
        return _image(query_string, request_path, sessions.now)
    if kind == "flow" and rest:
        return _flow(title, rest, sessions)
    return None


def _flow(title: str, session_id: str, sessions: Sessions) -> Reply | None:
    session = sessions.get(session_id, poll=False)
    if session is None:
        return None
    back = session.facts.get("redirect_url")
    if isinstance(back, str) and back.lower().startswith(("https://", "http://")):
        way_back = f'<a class="go" rel="noreferrer" href="{escape(back, quote=True)}">Back to {escape(back)}</a>'
    else:
        way_back = "The session was made without a URL to go back to."
    page = _PAGE.format(title=escape(title), session=escape(session.id), state=escape(session.state), way_back=way_back)
    return Reply(200, page.encode(), content_type="text/html; charset=utf-8")


def _image(query_string: bytes, request_path: str, now: int) -> Reply:
    query = {name: values[-1] for name, values in parse_qs(query_string.decode("latin-1")).items()}
    if "exp" in query or "sig" in query:
        expires = query.get("exp", "")
        is_number = expires.isascii() and expires.isdigit() and len(expires) < 16
        good = is_number and hmac.compare_digest(signature(request_path, int(expires)).encode(), query.get("sig", "").encode())
        if not good or now >= int(expires) * 1000:
            what = "expired" if good else "wrongly signed"
            return Reply(403, f"This link is {what}.\n".encode(), content_type="text/plain; charset=utf-8")
    return Reply(200, specimen_png(), content_type="image/png")


@cache
def specimen_png() -> bytes:
    """A small placeholder image with the text SPECIMEN."""
    return _IMAGE.read_bytes()

"""Serves an OpenAPI document as JSON and YAML, for people and for code generators, and in Swagger UI."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response

from specimen import vendor
from specimen.mockserver.http.messages import encode
from specimen.mockserver.routing.pages import html
from specimen.mockserver.sessions.catalogue.client_document import AUDIENCES, CLIENTS, CONTRACT, for_audience, with_server
from specimen.specs.core.errors import did_you_mean
from specimen.specs.core.yaml_files import yaml_text

# Documents kept: a proxy that is trusted may name any prefix, and a caller any host.
_MOST_KEPT = 32
_SWAGGER_UI = vendor.FOLDER / "swagger-ui"
# How generators that fetch a document name themselves: OpenAPI Generator and Swagger Codegen; what runs on Node's own `fetch`,
# as openapi-typescript, Hey API and Orval do. Longer names that begin so (`node-fetch/1.0`) are other programs'.
_GENERATORS = frozenset({"Apache-HttpClient/Swagger", "node", "undici"})
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{base}/swagger-ui.css"><link rel="icon" href="data:,"></head>
<body><div id="swagger-ui" data-document="{document}" data-credentials="{credentials}"></div>
<script src="{base}/swagger-ui-bundle.js"></script><script src="{base}/{script}"></script>
</body></html>
"""
_SCRIPT = "api_docs.js"
# Swagger UI sets styles on elements, and shows pictures of its own as `data:`; "Try it out" asks the server that the page is of.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}


class ApiDocs:
    """The documentation of one API: `document` makes its document, `credentials` has a key that works by security scheme."""

    def __init__(self, title: str, document: Callable[[], Mapping[str, Any]], credentials: Mapping[str, str]) -> None:
        self.title = title
        self.credentials = credentials
        self._document = document
        self._made: dict[str, Mapping[str, Any]] = {}

    def served(self, audience: str, server: str) -> dict[str, Any]:
        """The document for an audience, whose first server is this one."""
        if audience not in self._made:
            self._made[audience] = for_audience(self._document(), audience)
        return with_server(self._made[audience], server)


def answer(docs: ApiDocs, prefix: str, path: str, server: str, query: bytes, user_agent: str) -> Response | None:
    """The page at a path below a prefix (`/openapi.json`, `/openapi.yaml`, `/ui`), or None.

    `prefix` is where the pages are served (`/kayle`, or nothing at the root), `server` where the document's paths are. The
    query's `for` says whom the document is for; without it the name of the program that fetches it does.
    """
    if path in ("/openapi.json", "/openapi.yaml"):
        return _document(docs, path, server, query, user_agent)
    if path == "/ui":
        return RedirectResponse(f"{prefix}/ui/", status_code=307)
    if path in ("/ui/", "/ui/index.html"):
        base = f"{prefix}/ui"
        shown = {"title": docs.title, "base": base, "document": f"{prefix}/openapi.json", "script": _SCRIPT}
        shown["credentials"] = json.dumps(dict(docs.credentials))
        return HTMLResponse(_PAGE.format_map({name: escape(value) for name, value in shown.items()}), headers=_HEADERS)
    if path.startswith("/ui/"):
        return _asset(path.removeprefix("/ui/"))
    return None


def _document(docs: ApiDocs, path: str, server: str, query: bytes, user_agent: str) -> Response:
    asked = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("for")
    audience = (CLIENTS if user_agent in _GENERATORS else CONTRACT) if asked is None else asked[-1]
    if audience not in AUDIENCES:
        detail = f"for '{audience[:40]}': there is no document for that. {did_you_mean(audience[:40], AUDIENCES)}\n"
        return PlainTextResponse(detail, status_code=400)
    content, content_type = (
        (_json(docs, audience, server), "application/json")
        if path == "/openapi.json"
        else (_yaml(docs, audience, server), "application/yaml")
    )
    return Response(content, media_type=content_type, headers={"Vary": "User-Agent"})


@lru_cache(_MOST_KEPT)
def _json(docs: ApiDocs, audience: str, server: str) -> bytes:
    return encode(docs.served(audience, server))


@lru_cache(_MOST_KEPT)
def _yaml(docs: ApiDocs, audience: str, server: str) -> str:
    return yaml_text(docs.served(audience, server))


def _asset(name: str) -> Response:
    # Only these are linked; a name from the URL never becomes a path.
    if name == _SCRIPT:
        return FileResponse(html.FOLDER / "assets" / _SCRIPT)
    if name not in ("swagger-ui.css", "swagger-ui-bundle.js"):
        return PlainTextResponse("not found", status_code=404)
    return FileResponse(_SWAGGER_UI / name)

"""Serves a provider's document as JSON and YAML, and in Swagger UI."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response

from specimen import vendor
from specimen.mockserver.http.messages import encode
from specimen.specs import Provider

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_SWAGGER_UI = vendor.FOLDER / "swagger-ui"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="{base}/swagger-ui.css"><link rel="icon" href="data:,"></head>
<body><div id="swagger-ui"></div><script src="{base}/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({{url: "{document}", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null}})</script>
</body></html>
"""


def answer(provider: Provider, prefix: str, path: str) -> Response | None:
    """The page at a path below the provider (`/openapi.json`, `/openapi.yaml`, `/ui`), or None.

    `prefix` is where the provider is served (`/kayle`, or nothing at the root).
    """
    mount = (prefix + provider.document.base_path) or "/"
    if path == "/openapi.json":
        return Response(_json(provider, mount), media_type="application/json")
    if path == "/openapi.yaml":
        return Response(_yaml(provider, mount), media_type="application/yaml")
    if path == "/ui":
        return RedirectResponse(f"{prefix}/ui/", status_code=307)
    if path in ("/ui/", "/ui/index.html"):
        base = f"{prefix}/ui"
        return HTMLResponse(_PAGE.format(title=provider.lifecycle.title, base=base, document=f"{prefix}/openapi.json"))
    if path.startswith("/ui/"):
        return _asset(path.removeprefix("/ui/"))
    return None


@cache
def _json(provider: Provider, mount: str) -> bytes:
    return encode(provider.document.served(mount))


@cache
def _yaml(provider: Provider, mount: str) -> str:
    text: str = yaml.dump(provider.document.served(mount), Dumper=_DUMPER, sort_keys=False, allow_unicode=True)
    return text


def _asset(name: str) -> Response:
    # Only these two are linked; a name from the URL never becomes a path.
    if name not in ("swagger-ui.css", "swagger-ui-bundle.js"):
        return PlainTextResponse("not found", status_code=404)
    return FileResponse(_SWAGGER_UI / name)

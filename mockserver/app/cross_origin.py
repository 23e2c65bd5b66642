"""What a browser is told of a request that another site's page sends (CORS)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from specimen.mockserver.http.responses import Extra

ANYBODY: Extra = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"*"),
)


def preflight(headers: Mapping[str, str]) -> Extra:
    """The headers of the answer to a preflight request: the page may send what it asks for."""
    asked = headers.get("access-control-request-headers", "*")
    return (
        *ANYBODY,
        (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
        (b"access-control-allow-headers", re.sub(r"[^A-Za-z0-9,* _-]", "", asked).encode()),
        (b"access-control-max-age", b"600"),
    )

"""How calls of the control API leave this machine."""

from __future__ import annotations

import ipaddress
import ssl
from typing import Any
from urllib.parse import urlsplit

_SECONDS = 30.0


def httpx_options(url: str) -> dict[str, Any]:
    """Options of an httpx client for a mock at `url`: the environment's proxy is for other machines, as it would see the token.

    `SSL_CERT_FILE` of the environment names whom to trust, either way.
    """
    options: dict[str, Any] = {"timeout": _SECONDS}
    try:
        parts = urlsplit(url)
        is_local = parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return options
    if is_local:
        options["trust_env"] = False
        # Without TLS no certificates are loaded, which takes 30 ms.
        is_plain = parts.scheme == "http"
        options["verify"] = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if is_plain else ssl.create_default_context()
    return options

"""How a caller reaches the server: by itself, or through a reverse proxy that forwards the request.

Source: RFC 7239 (`Forwarded`). `X-Forwarded-Proto`, `-Host`, `-Port` and `-Prefix` are older, in no standard, and what most send.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from specimen.mockserver.errors import SettingError

_MOST_PREFIX = 200
# Segments that neither a browser nor a page's HTML takes for anything else; none of dots only.
_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
_PORT = re.compile(r"[0-9]{1,5}")
_SCHEMES = frozenset({"http", "https"})
# One parameter of a forwarded-element: a token, "=", and a token or a quoted string (RFC 7239, section 4).
_PARAMETER = re.compile(r"""\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*))\s*""")


class Front(NamedTuple):
    """What a caller writes before a path: scheme, host, and the prefix of a proxy (`/kyc`, or nothing)."""

    scheme: str
    host: str
    prefix: str


def is_host(text: str) -> bool:
    """Whether a text is a host, with or without a port, as `Host` may name it."""
    return _HOST.fullmatch(text) is not None


def checked_root_path(text: str, providers: Mapping[str, object]) -> str:
    """The value of `--root-path` as a prefix of paths.

    Raises:
        SettingError: it is none, or would hide a provider.
    """
    prefix = text.rstrip("/")
    if len(prefix) > _MOST_PREFIX or _PREFIX.fullmatch(prefix) is None:
        raise SettingError(f"root path '{text[:_MOST_PREFIX]}': expected a path such as /kyc, of letters, digits and . _ ~ -")
    first = prefix.split("/")[1] if prefix else ""
    if first == "_specimen" or (len(providers) > 1 and first in providers):
        raise SettingError(f"root path '{text}': paths of the server begin with /{first} already. Choose another one.")
    return prefix


def forwarded(front: Front, headers: Mapping[str, str]) -> Front:
    """How the caller of a proxy reached it: what the first proxy of the way noted; what cannot be is left out."""
    said = _parameters(headers.get("forwarded", ""))
    host = said.get("host") or _first(headers, "x-forwarded-host")
    if not is_host(host):
        host = front.host
    if _PORT.fullmatch(port := _first(headers, "x-forwarded-port")) and "host" not in said and not _has_port(host):
        host = f"{host}:{port}"
    scheme = (said.get("proto") or _first(headers, "x-forwarded-proto")).lower()
    scheme = scheme if scheme in _SCHEMES else front.scheme
    prefix = _first(headers, "x-forwarded-prefix").rstrip("/")
    if not prefix or len(prefix) > _MOST_PREFIX or _PREFIX.fullmatch(prefix) is None:
        prefix = front.prefix
    return Front(scheme, _without_default_port(host, scheme), prefix)


def _first(headers: Mapping[str, str], name: str) -> str:
    return headers.get(name, "").partition(",")[0].strip()


def _parameters(header: str) -> dict[str, str]:
    """The parameters of the first element of a `Forwarded` header; of a broken one those before the break."""
    found: dict[str, str] = {}
    at = 0
    while (match := _PARAMETER.match(header, at)) is not None:
        name, quoted, token = match.groups()
        found.setdefault(name.lower(), token if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        at = match.end()
        if header[at : at + 1] != ";":
            break
        at += 1
    return found


def _has_port(host: str) -> bool:
    return ":" in host.rpartition("]")[2]


def _without_default_port(host: str, scheme: str) -> str:
    return host.removesuffix(":80" if scheme == "http" else ":443") if _has_port(host) else host

"""Compares URLs by RFC 3986, section 6.2, and by the WHATWG URL Standard."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote

# RFC 3986, appendix B: scheme, authority, path, query, fragment; what is not there is None, which is not the same as empty.
_PARTS = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_AUTHORITY = re.compile(r"(?:(.*)@)?(.*?)(?::([0-9]*))?", re.DOTALL)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_PORTS = {"http": "80", "https": "443"}
# WHATWG URL Standard, "URL parsing": what is taken from the ends and from anywhere, and how a special URL may begin.
_ENDS = "".join(map(chr, range(0x21)))
_TAKEN_OUT = str.maketrans("", "", "\t\n\r")
_SPECIAL = re.compile(r"(https?):[/\\\\]*([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL | re.IGNORECASE)
_NO_USER = re.compile(r"^:?@")
_ZEROS_OF_A_PORT = re.compile(r":0+(?=[0-9]+\Z)")
# The same, "percent-encoded bytes": what of ASCII stays as it is in a path, a special query and a fragment.
_ASCII = "".join(map(chr, range(0x21, 0x7F)))
_IN_PATH, _IN_QUERY, _IN_FRAGMENT = (
    "".join(one for one in _ASCII if one not in encoded) for encoded in ('"#<>?^`{}', "\"#<>'", '"<>`')
)


def same_url(first: Any, second: Any) -> bool:
    """Whether two texts are URLs that normalisation makes equal.

    The case of scheme and host, the scheme's own port, escapes of unreserved characters and the case of the others, an
    empty path and dot segments make no difference (RFC 3986, sections 6.2.2 and 6.2.3). Of http and https, nor does what a
    browser's parser mends: blanks around, backslashes, an empty user, zeros before a port, characters that it escapes (WHATWG
    URL Standard).
    """
    if not isinstance(first, str) or not isinstance(second, str):
        return False
    return first == second or _normalised(_mended(first)) == _normalised(_mended(second))


def _mended(url: str) -> str:
    """An http or https URL as a browser's parser writes it, but for what `_normalised` does; any other text as it is."""
    found = _SPECIAL.fullmatch(url.strip(_ENDS).translate(_TAKEN_OUT))
    if found is None:
        return url
    scheme, rest, query, fragment = found.groups()
    host, slash, path = _NO_USER.sub("", rest.replace("\\", "/")).partition("/")
    host = _ZEROS_OF_A_PORT.sub(":", host)  # a port is a number
    path = quote(path, _IN_PATH, errors="replace")
    query = "" if query is None else "?" + quote(query[1:], _IN_QUERY, errors="replace")
    fragment = "" if fragment is None else "#" + quote(fragment[1:], _IN_FRAGMENT, errors="replace")
    return f"{scheme}://{host}{slash}{path}{query}{fragment}"


def _normalised(url: str) -> tuple[str | None, ...]:
    found = _PARTS.fullmatch(url)
    if found is None:
        return (url,)
    scheme, authority, path, query, fragment = found.groups()
    scheme = None if scheme is None else scheme.lower()
    path = _plain(path)
    if scheme is not None:  # dot segments of a reference are for its base
        path = _without_dots(path)
    if authority is None:
        return (scheme, None, path, *(_plain(part) for part in (query, fragment)))
    return (scheme, _host(authority, _PORTS.get(scheme or "")), path or "/", *(_plain(part) for part in (query, fragment)))


def _host(authority: str, own_port: str | None) -> str:
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        return authority
    user, host, port = parts.groups()
    shown = _ESCAPE.sub(lambda escape: escape.group().upper(), str(_plain(host)).lower())
    return ("" if user is None else f"{_plain(user)}@") + shown + ("" if not port or port == own_port else f":{port}")


def _plain(text: str | None) -> Any:
    """Escapes of unreserved characters taken away, the others in capitals."""
    return None if text is None else _ESCAPE.sub(_unescaped, text)


def _unescaped(escape: re.Match[str]) -> str:
    character = unquote(escape.group(), "latin-1")
    return character if _UNRESERVED.fullmatch(character) else escape.group().upper()


def _without_dots(path: str) -> str:
    """RFC 3986, section 5.2.4."""
    if not path.startswith("/"):
        return path
    out: list[str] = []
    *before, last = path[1:].split("/")
    for segment in before:
        if segment == "..":
            del out[-1:]
        elif segment != ".":
            out.append(segment)
    if last == "..":
        del out[-1:]
    return "/" + "".join(f"{segment}/" for segment in out) + ("" if last in (".", "..") else last)

"""Parses the `Prefer` header (RFC 7240)."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

# token [ BWS "=" BWS word ] *( OWS ";" [ OWS parameter ] ), separated by commas; a word is a token or a quoted string.
_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z:/@]+"
_PREFERENCE = re.compile(rf'\s*({_WORD})(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_WORD})?))?((?:\s*;[^,;]*)*)\s*(?:,|$)')


# Prism's parameters of the query that stand for preferences.
_IN_QUERY = {"__code": "code", "__example": "example", "__dynamic": "dynamic"}
_MOST_FIELDS = 1000


def from_query(query: bytes) -> dict[str, str]:
    """The preferences that a query names as Prism does: `?__code=404`, `?__example=not_found`, `?__dynamic=true`.

    Source: Prism documentation, Mock server, "Response generation".
    """
    try:
        pairs = parse_qsl(query.decode("latin-1"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
    return {_IN_QUERY[name]: value for name, value in pairs if name in _IN_QUERY}


def parse(header: str) -> dict[str, str]:
    """The preferences by lower-case name; the first of a name wins, and invalid ones are ignored.

    Source: RFC 7240, section 2.
    """
    found: dict[str, str] = {}
    at = 0
    while at < len(header):
        match = _PREFERENCE.match(header, at)
        if match is None or match.end() == at:
            comma = header.find(",", at)
            if comma < 0:
                break
            at = comma + 1
            continue
        quoted, plain = match[2], match[3]
        value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain or ""
        found.setdefault(match[1].lower(), value)
        at = match.end()
    return found

"""Makes untrusted text safe to print."""

from __future__ import annotations

_MOST = 200


def shown(text: str, most: int = _MOST) -> str:
    """A text as one line, with control characters and unencodable characters escaped."""
    plain = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
    return plain if len(plain) <= most else f"{plain[:most]}…"

"""Texts of others, fit to be printed."""

from __future__ import annotations

_MOST = 200


def shown(text: str, most: int = _MOST) -> str:
    """One line of a text, in which what a terminal would obey or no encoding holds is spelled out."""
    plain = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
    return plain if len(plain) <= most else f"{plain[:most]}…"

"""What a name keeps in another spelling."""

from __future__ import annotations

# What stands between the words of a name, in one spelling or another; a control character makes another value.
_BETWEEN = dict.fromkeys(map(ord, " _-.:/"))


def letters(text: str) -> str:
    """A text without capitals, and without what stands between its words: the same for `faceMatch` and `FACE_MATCH`."""
    return text.casefold().translate(_BETWEEN)

"""The size of a picture in an answer."""

from __future__ import annotations

import base64

_PNG = b"\x89PNG\r\n\x1a\n"
# So much base64 as shows signature and size: 24 bytes.
_HEAD = 32


def png_size(uri: str) -> tuple[int, int] | None:
    """The width and the height of a PNG image in a data URI (W3C PNG, section 11.2.1, IHDR); None for anything else."""
    head = uri.partition(",")[2][:_HEAD]
    try:
        found = base64.b64decode(head, validate=True)
    except ValueError:
        return None
    if not found.startswith(_PNG) or len(found) < 24:
        return None
    return int.from_bytes(found[16:20], "big"), int.from_bytes(found[20:24], "big")

"""Minimal image files for tests of uploads, valid and broken."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_STORED = 0  # no compression, so that the bytes are the same whichever version of zlib made them
# One grey point, as Pillow writes it.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////"
    "wAALCAABAAEBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKB"
    "kaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKj"
    "pKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/ACv/2Q=="
)
# A table of a TIFF file: a tag, its type, how many, its value or where it stands. Source: Exif 2.32, section 4.6.
_ORIENTATION, _GPS, _SHORT, _LONG = 0x0112, 0x8825, 3, 4


def chunk(kind: bytes, data: bytes, *, is_sound: bool = True) -> bytes:
    """A chunk of a PNG file with its checksum, or with a wrong one. Source: PNG (third edition), section 5.3."""
    check = zlib.crc32(kind + data) ^ (0 if is_sound else 1)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def png(
    width: int = 1, height: int = 1, *, bits: int = 8, colour: int = 0, rows: bytes | None = None, more: bytes = b"",
    is_sound: bool = True,
) -> bytes:  # fmt: skip
    """A black picture. Source: PNG (third edition), sections 9 and 11.

    `colour` 0 is grey, 6 red, green, blue and opacity; `rows` are the points themselves, where they shall be others; `more`
    are further chunks, before the points.
    """
    samples = {0: 1, 6: 4}[colour]
    line = b"\0" + bytes(-(-width * samples * bits // 8))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0), is_sound=is_sound)
    data = chunk(b"IDAT", zlib.compress(line * height if rows is None else rows, _STORED))
    return PNG_SIGNATURE + head + more + data + chunk(b"IEND", b"")


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    """One grey point, with further segments (a marker and its data) after its first one."""
    after = 4 + int.from_bytes(JPEG[4:6])  # the marker of the start, that of APP0, and its length
    return JPEG[:after] + b"".join(_segment(marker, data) for marker, data in segments) + JPEG[after:]


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def turned() -> bytes:
    """The Exif data of a picture that lies on its side. Source: Exif 2.32, section 4.6.4, Orientation."""
    return b"Exif\0\0" + b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, _ORIENTATION, _SHORT, 1, 6, 0, 0)


def placed() -> bytes:
    """The Exif data of a picture that says where it was taken: 0° north, 0° east. Source: Exif 2.32, section 4.6.6."""
    first = struct.pack(">HHHIII", 1, _GPS, _LONG, 1, 26, 0)  # the table of the place stands at 26
    entries = b"".join(_place_entries())
    return b"Exif\0\0" + b"MM\0*\0\0\0\x08" + first + struct.pack(">H", 4) + entries + struct.pack(">I", 0) + _ZEROS * 2


_ZEROS = struct.pack(">6I", 0, 1, 0, 1, 0, 1)  # degrees, minutes and seconds as fractions


def _place_entries() -> Iterator[bytes]:
    at = 26 + 2 + 4 * 12 + 4
    yield struct.pack(">HHI4s", 1, 2, 2, b"N\0\0\0")
    yield struct.pack(">HHII", 2, 5, 3, at)
    yield struct.pack(">HHI4s", 3, 2, 2, b"E\0\0\0")
    yield struct.pack(">HHII", 4, 5, 3, at + len(_ZEROS))


# One black point as a GIF and as a bitmap. Source: GIF89a; BITMAPINFOHEADER.
GIF = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
BMP = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 58, 0, 0, 54, 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0) + bytes(4)


def gif_and_script() -> bytes:
    """A GIF file of one point that is a script too: its width opens a comment, which a note of the picture closes.

    Source: GIF89a, sections 18 (screen), 20 (image) and 24 (comment extension).
    """
    script = b"*/=1;alert(1)//"
    return b"GIF89a/*" + GIF[8:19] + b"!\xfe" + bytes([len(script)]) + script + b"\0" + GIF[19:]


def pdf() -> bytes:
    """A document of one empty page. Source: ISO 32000-1, section 7.5."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<<>>>>",
    )
    out, starts = b"%PDF-1.4\n", []
    for number, entry in enumerate(objects, 1):
        starts.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, entry)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    trailer = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + trailer


# The heads alone, which is what programs know a file by.
HEIC = struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"heic", 0, b"mif1", b"heic")
WEBP = b"RIFF\x04\0\0\0WEBP"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><rect width="1" height="1"/></svg>'
HTML = b"<!doctype html><script>alert(document.domain)</script>"

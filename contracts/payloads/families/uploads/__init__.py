"""Files of a form: their content, filename and content type."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from specimen.contracts.payloads.families.uploads import images
from specimen.contracts.payloads.families.uploads.images import GIF, HTML, JPEG, PNG_SIGNATURE, SVG, jpeg, png
from specimen.contracts.payloads.model.case_types import EITHER, REJECT, VERDICTS, Edge, Kind, kind
from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.valid_payloads import Base

_PNG, _JFIF, _EXIF, _RFC7578, _RFC9110 = "PNG (third edition)", "ITU-T T.81", "Exif 2.32", "RFC 7578", "RFC 9110"
_MOST = 65_535
# No page says which pictures are refused, how large they may be or what they may be called.
_ODD = (REJECT, EITHER)
_COM, _APP1 = 0xFE, 0xE1
_Upload = tuple[Kind, Mapping[str, str]]


def _content(
    name: str, data: bytes, rationale: str, source: str, *tags: str, claims: tuple[str, ...] = _ODD,
    said: Mapping[str, str] = MappingProxyType({}),
) -> _Upload:  # fmt: skip
    made = kind(f"uploads.{name}", rationale, source, claims, ("content", *tags))
    return made, {"base64": base64.b64encode(data).decode(), **said}


def _name(name: str, filename: str, rationale: str, source: str, *tags: str, claims: tuple[str, ...] = _ODD) -> _Upload:
    return kind(f"uploads.name_{name}", rationale, source, claims, ("filename", *tags)), {"filename": filename}


def _type(name: str, content_type: str, rationale: str, source: str, *tags: str, claims: tuple[str, ...] = _ODD) -> _Upload:
    return kind(f"uploads.type_{name}", rationale, source, claims, ("content-type", *tags)), {"content_type": content_type}


def _said(filename: str, content_type: str) -> Mapping[str, str]:
    return {"filename": filename, "content_type": content_type}


_JPEG_SAID = _said("document.jpg", "image/jpeg")
_CONTENTS = (
    _content("jpeg", JPEG, "A photograph, as a camera makes it.", _JFIF, claims=VERDICTS, said=_JPEG_SAID),
    _content("jpeg_turned", jpeg((_APP1, images.turned())), "A phone held upright: the points lie on their side.",
             f"{_EXIF}, section 4.6.4, Orientation", "exif", claims=VERDICTS, said=_JPEG_SAID),
    _content("jpeg_with_place", jpeg((_APP1, images.placed())), "Where it was taken stands in it: to be kept out of copies and "
             "logs.", f"{_EXIF}, section 4.6.6, GPS attributes", "exif", "privacy", claims=VERDICTS, said=_JPEG_SAID),
    _content("jpeg_with_script", jpeg((_COM, HTML)), "A comment that is a page: shown as text/html it runs.",
             f"{_JFIF}, section B.2.4.5, comment", "injection", said=_JPEG_SAID),
    _content("jpeg_cut_off", JPEG[:-40], "The connection broke before the first point came.",
             f"{_JFIF}, section B.1.1.3, EOI", "truncated", said=_JPEG_SAID),
    _content("jpeg_as_image_jpg", JPEG, "No registered type, and often sent.", "IANA media types, image", "content-type",
             said=_said("document.jpg", "image/jpg")),
    _content("jpeg_named_png", JPEG, "Name and type say PNG: the first bytes say JPEG.", f"{_RFC9110}, section 8.3", "mismatch"),
    _content("png_named_jpeg", png(), "Name and type say JPEG: the first bytes say PNG.", f"{_RFC9110}, section 8.3", "mismatch",
             said=_JPEG_SAID),
    _content("png_16_bits", png(bits=16), "Sixteen bits a sample, of which many programs keep eight.", f"{_PNG}, section 11.2.1",
             claims=VERDICTS),
    _content("png_see_through", png(colour=6), "Nothing but transparent points: black to one program, white to another.",
             f"{_PNG}, section 12.3", claims=VERDICTS),
    _content("png_wide", png(_MOST, 1), "One row of 65,535 points: to be made smaller it must keep one row.",
             f"{_PNG}, section 11.2.1", "boundary", claims=VERDICTS),
    _content("png_bomb", png(_MOST, _MOST, rows=b"\0\0"), "The head of one point's picture claims four thousand million points.",
             "CWE-789, memory allocation with excessive size value", "boundary"),
    _content("png_no_width", png(0, 1), "A width of nothing: a share of it is a division by zero.", f"{_PNG}, section 11.2.1",
             "boundary"),
    _content("png_cut_off", png(64, 64)[:2_000], "The connection broke in the middle of the points.", f"{_PNG}, section 13.2",
             "truncated"),
    _content("png_no_points", png(rows=b""), "Head and end, and no points between them.", f"{_PNG}, section 13.2", "truncated"),
    _content("png_signature_alone", PNG_SIGNATURE, "The eight bytes by which programs know a PNG file, and nothing more.",
             f"{_PNG}, section 5.2", "truncated"),
    _content("png_wrong_checksum", png(is_sound=False), "One bit of the head's checksum is wrong.", f"{_PNG}, section 5.3",
             "checksum"),
    _content("png_with_tail", png() + b"PK\x05\x06" + bytes(18), "An empty ZIP archive after the picture's end: it is both.",
             f"{_PNG}, section 13.2; APPNOTE, section 4.3.16", "polyglot"),
    _content("png_with_text", png(more=images.chunk(b"tEXt", b"Comment\0" + HTML)), "A note within it that is a page.",
             f"{_PNG}, section 11.3.3.2", "injection"),
    _content("gif", GIF, "A kind of picture that no camera makes.", "GIF89a, section 17",
             said=_said("document.gif", "image/gif")),
    _content("gif_and_script", images.gif_and_script(), "A picture to one program, a script to another.",
             "CWE-434, unrestricted upload of a file with a dangerous type", "polyglot", "injection",
             said=_said("document.gif", "image/gif")),
    _content("bmp", images.BMP, "An old scanner's picture.", "BITMAPINFOHEADER",
             said=_said("document.bmp", "image/bmp")),
    _content("heic", images.HEIC, "What a phone of Apple makes: here the head alone.", "ISO/IEC 23008-12", "truncated",
             said=_said("IMG_0001.HEIC", "image/heic")),
    _content("webp", images.WEBP, "What a browser saves: here the head alone.", "RFC 9649, section 2.4", "truncated",
             said=_said("document.webp", "image/webp")),
    _content("pdf", images.pdf(), "A scan is often a PDF file: no picture, though it may hold some.", "ISO 32000-1, section 7.5",
             said=_said("passport.pdf", "application/pdf")),
    _content("svg", SVG, "A drawing that runs a script where it is shown.", "SVG 2, section 15.9", "injection",
             said=_said("document.svg", "image/svg+xml")),
    _content("html_named_png", HTML, "A page under the name of a picture: kept and served as it is, it may be shown.",
             "CWE-434, unrestricted upload of a file with a dangerous type", "injection", "mismatch"),
    _content("text", b"no picture", "Plain text under the name of a picture.", f"{_RFC9110}, section 8.3", "mismatch"),
    _content("no_bytes", b"", "A file of no bytes, as an upload that failed leaves it.", "CWE-1284, improper validation of specified quantity", "boundary"),
    _content("one_byte", b"\x89", "A file of one byte: too short to be known by its first ones.", f"{_PNG}, section 5.2",
             "boundary"),
)  # fmt: skip
_NAMES = (
    _name("empty", "", "An empty name, as a browser sends a field that was left empty.", "HTML Standard, constructing the entry list", "boundary"),
    _name("path_traversal", "../../../../tmp/document.png", "Written where its name says, it lands outside its folder.",
          f"{_RFC7578}, section 4.2", "injection"),
    _name("windows_path", "C:\\Users\\Public\\document.png", "Some browsers sent the whole path.", f"{_RFC7578}, section 4.2",
          "parser"),
    _name("absolute_path", "/etc/document.png", "A path from the root: joined to a folder it replaces the folder.",
          "Python, os.path.join", "injection"),
    _name("non_ascii", "Führerschein-Müller.png", "Letters beyond ASCII come as UTF-8.", f"{_RFC7578}, section 5.1", "unicode",
          claims=VERDICTS),
    _name("decomposed", "Fu\u0308hrerschein.png", "As a Mac writes it: letters and their marks apart.",
          "Unicode Standard Annex #15, NFD", "unicode"),
    _name("emoji", "🪪.png", "One character that takes four bytes, which some tables cannot hold.",
          "MySQL, utf8mb3", "unicode"),
    _name("bidi_override", "document\u202egnp.exe", "Shown backwards it ends like a picture, and is a program.",
          "Unicode Standard Annex #9, section 2.2", "unicode"),
    _name("quote", 'my "new" passport.png', "Browsers send quotation marks as %22, other clients with a backslash or raw: names come back changed.",
          "HTML Standard, multipart/form-data encoding algorithm", "parser"),
    _name("semicolon", "a;b=c.png", "A semicolon within quotes is no new parameter.", f"{_RFC9110}, section 5.6.6", "parser",
          claims=VERDICTS),
    _name("line_break", "document\r\nX-Injected: 1.png", "A line end in a name comes as %0D%0A; written raw it ends the header.",
          "HTML Standard, multipart/form-data encoding algorithm", "injection"),
    _name("percent", "100%25.png", "A percent sign stands for itself: no other escapes are undone.",
          "HTML Standard, multipart/form-data encoding algorithm", "parser"),
    _name("markup", "<img src=x onerror=alert(1)>.png", "Shown in a list of files it is markup.", "OWASP, cross-site scripting",
          "injection"),
    _name("double_extension", "document.png.exe", "The last ending counts, and the first is what is seen.",
          "CWE-646, reliance on file name or extension", "mismatch"),
    _name("no_extension", "document", "No ending: the type must come from elsewhere.", f"{_RFC9110}, section 8.3",
          claims=VERDICTS),
    _name("extension_in_capitals", "DOCUMENT.PNG", "The ending in another case: a list of allowed ones must not care.", "Windows, naming files", "case", claims=VERDICTS),
    _name("dot_file", ".png", "To some programs a hidden file without an ending.", "POSIX.1, ls, option -a", "parser"),
    _name("device", "CON.png", "A device's name, whatever its ending: some systems cannot make such a file.",
          "Windows, naming files", "parser"),
    _name("leading_hyphen", "-rf.png", "Given to a command, it is an option.", "POSIX.1, section 12.2, guideline 4", "injection"),
    _name("spaces", "scan of  my passport (1).png", "Two spaces and brackets, as a second download is called.",
          f"{_RFC7578}, section 4.2", "whitespace", claims=VERDICTS),
    _name("255_bytes", f"{'a' * 251}.png", "The longest that most file systems take.", "POSIX.1, NAME_MAX", "boundary",
          claims=VERDICTS),
    _name("256_bytes", f"{'a' * 252}.png", "One byte more than most file systems take.", "POSIX.1, NAME_MAX", "boundary"),
)  # fmt: skip
_TYPES = (
    _type("octet_stream", "application/octet-stream", "A client that does not know the type says so.", f"{_RFC7578}, section 4.4",
          claims=VERDICTS),
    _type("in_capitals", "IMAGE/PNG", "Types know no case: a table of them must not either.", f"{_RFC9110}, section 8.3.1",
          "case", claims=VERDICTS),
    _type("with_parameter", 'image/png; name="document.png"', "A parameter, as mail programs add it.",
          f"{_RFC9110}, section 8.3.1", "parser", claims=VERDICTS),
    _type("text", "text/plain", "The type of a plain field: it is still a file.", f"{_RFC7578}, section 4.4", "mismatch"),
    _type("html", "text/html", "Kept and served with the type that it came with, a picture becomes a page.",
          "WHATWG MIME Sniffing, section 7", "mismatch", "injection"),
    _type("any_image", "image/*", "A range, which no file can be of.", f"{_RFC9110}, section 12.5.1", "parser"),
    _type("no_type", "png", "No slash: no type at all.", f"{_RFC9110}, section 8.3.1", "parser"),
)  # fmt: skip
_ALL = (*_CONTENTS, *_NAMES, *_TYPES)

KINDS = tuple(each for each, _ in _ALL)


def edges(place: PayloadField, _: Base) -> Iterator[Edge]:
    """Yields the kinds for a file of a form."""
    if not isinstance(place.value, Mapping) or "base64" not in place.value:
        return
    for each, said in _ALL:
        value = {**place.value, **said}
        if value != place.value:
            yield Edge(each, value)

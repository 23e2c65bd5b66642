"""The family of files: each is what its kind says, by Pillow and by the mock's own reader of forms."""

from __future__ import annotations

import base64
import io
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Callable, Iterator

import pytest
from PIL import ExifTags, Image, UnidentifiedImageError

from specimen import specs
from specimen.contracts.payloads import Case
from specimen.contracts.payloads.families import uploads
from specimen.contracts.payloads.families.uploads import images
from specimen.contracts.payloads.model.valid_payloads import requests
from specimen.contracts.requests.request_templates import BOUNDARY, multipart
from specimen.specs.core.multipart import read
from tests.contracts.payloads.catalogues import catalogue

FILES = {each.id.partition(".")[2]: value for each, value in uploads._ALL}


def data(name: str) -> bytes:
    """The bytes of a file."""
    return base64.b64decode(FILES[name]["base64"])


def opened(name: str) -> Image.Image:
    """A file as Pillow reads it, points and all."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        picture = Image.open(io.BytesIO(data(name)))
        picture.load()
    return picture


@pytest.mark.parametrize(
    ("name", "form", "size"),
    [
        ("jpeg", "JPEG", (1, 1)),
        ("jpeg_turned", "JPEG", (1, 1)),
        ("jpeg_with_place", "JPEG", (1, 1)),
        ("jpeg_with_script", "JPEG", (1, 1)),
        ("jpeg_named_png", "JPEG", (1, 1)),
        ("png_named_jpeg", "PNG", (1, 1)),
        ("png_16_bits", "PNG", (1, 1)),
        ("png_see_through", "PNG", (1, 1)),
        ("png_wide", "PNG", (65_535, 1)),
        ("png_with_tail", "PNG", (1, 1)),
        ("png_with_text", "PNG", (1, 1)),
        ("gif", "GIF", (1, 1)),
        ("gif_and_script", "GIF", (10_799, 1)),
        ("jpeg_as_image_jpg", "JPEG", (1, 1)),
        ("bmp", "BMP", (1, 1)),
    ],
)
def test_pictures__are_read(name: str, form: str, size: tuple[int, int]) -> None:
    """Of that form and size."""
    picture = opened(name)
    assert (picture.format, picture.size) == (form, size)


@pytest.mark.parametrize(
    "name",
    ["jpeg_cut_off", "png_cut_off", "png_no_points", "png_no_width", "png_signature_alone", "png_wrong_checksum", "png_bomb",
     "heic", "webp", "pdf", "svg", "html_named_png", "text", "no_bytes", "one_byte"],
)  # fmt: skip
def test_pictures__are_refused(name: str) -> None:
    """What is broken, and what is no picture."""
    with pytest.raises((OSError, SyntaxError, UnidentifiedImageError, ValueError, Image.DecompressionBombError)):
        opened(name)


def test_pictures__hold_what_they_say() -> None:
    """Notes, depth, opacity and the size that is claimed."""
    assert opened("jpeg_turned").getexif()[ExifTags.Base.Orientation] == 6
    place = opened("jpeg_with_place").getexif().get_ifd(ExifTags.IFD.GPSInfo)
    assert {place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLongitudeRef]} == {"N", "E"}
    assert tuple(map(float, place[ExifTags.GPS.GPSLatitude])) == (0, 0, 0)
    assert opened("png_16_bits").mode == "I;16"
    assert opened("png_see_through").getpixel((0, 0))[3] == 0
    assert opened("png_with_text").text == {"Comment": images.HTML.decode()}
    assert opened("jpeg_with_script").info["comment"] == images.HTML
    assert data("png_bomb")[16:24] == b"\0\0\xff\xff" * 2
    assert len(data("png_bomb")) < 100
    script = re.sub(rb"/\*.*?\*/", b"", data("gif_and_script"), flags=re.DOTALL)
    assert script.partition(b"//")[0] == b"GIF89a=1;alert(1)"
    assert b"\n" not in script
    assert zipfile.is_zipfile(io.BytesIO(data("png_with_tail")))
    assert data("heic")[4:12] == b"ftypheic"
    assert len(data("heic")) == int.from_bytes(data("heic")[:4])
    assert (data("webp")[:4], data("webp")[8:]) == (b"RIFF", b"WEBP")
    found = data("pdf")
    start = int(found.rpartition(b"startxref\n")[2].split()[0])
    assert found[start:].startswith(b"xref\n0 4\n")
    for number, entry in enumerate(found[start:].split(b"\n")[3:6], 1):
        assert found[int(entry.split()[0]) :].startswith(b"%d 0 obj" % number)


# What a file's name must be, by its kind.
NAMES: dict[str, Callable[[str], bool]] = {
    "255_bytes": lambda name: len(name.encode()) == 255,
    "256_bytes": lambda name: len(name.encode()) == 256,
    "path_traversal": lambda name: name.startswith("../"),
    "absolute_path": lambda name: name.startswith("/"),
    "windows_path": lambda name: "\\" in name,
    "decomposed": lambda name: unicodedata.normalize("NFC", name) != name,
    "non_ascii": lambda name: not name.isascii() and unicodedata.normalize("NFC", name) == name,
    "bidi_override": lambda name: "\u202e" in name,
    "line_break": lambda name: "\r\n" in name,
    "quote": lambda name: '"' in name,
    "semicolon": lambda name: ";" in name,
    "empty": lambda name: not name,
    "no_extension": lambda name: "." not in name,
    "leading_hyphen": lambda name: name.startswith("-"),
}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_names__are_what_their_kind_says(name: str) -> None:
    """To the byte, where the kind is about a length."""
    assert NAMES[name](FILES[f"name_{name}"]["filename"])


def test_uploads__differ_in_the_file_alone() -> None:
    """Each case changes one file of the form, and one thing of it: its content with what it is called, its name, or its type."""
    found = list(cases())
    assert {case.kind for case in found} == {each.id for each in uploads.KINDS}
    for case in found:
        own, value = case.kind.partition(".")[2], case.value
        provider = specs.load(case.provider)
        before = next(iter(requests(provider, provider.document.operations[case.operation]))).payload["body"]["images"][0]
        changed = {key for key in before if value[key] != before[key]}
        assert changed == {key for key, said in FILES[own].items() if said != before[key]}
        if own.startswith("name_"):
            assert changed == {"filename"}
        elif own.startswith("type_"):
            assert changed == {"content_type"}
        else:
            assert "base64" in changed


def cases() -> Iterator[Case]:
    """The cases of this family."""
    for name in specs.names():
        yield from (case for case in catalogue(name).cases if case.kind.startswith("uploads."))


BEFORE = {"filename": "document.png", "content_type": "image/png", "base64": base64.b64encode(images.png()).decode()}


@pytest.mark.parametrize("name", sorted(FILES))
def test_forms__are_read_as_they_were_meant(name: str) -> None:
    """One file, with its bytes and its name; the parser drops a path of Windows."""
    sent = {**BEFORE, **FILES[name], "name": "images"}
    (part,) = read(multipart((sent,)), f"multipart/form-data; boundary={BOUNDARY}")
    assert (part.name, part.content_type, part.data) == ("images", sent["content_type"], base64.b64decode(sent["base64"]))
    assert part.filename == sent["filename"].removeprefix("C:\\Users\\Public\\")

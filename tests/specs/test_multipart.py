"""Forms: what is written is read again, and what is no form is an error that says why."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen.specs.core.multipart import FormError, FormPart, boundary_of, from_entries, read, write

BOUNDARY = "specimen-7d3a9f"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"
# A backslash is read as most servers read it, and no text survives in UTF-8 with half of a surrogate pair.
NAMES = st.text(st.characters(exclude_characters="\\", exclude_categories=["Cs"]), max_size=40)
PARTS = st.builds(
    FormPart,
    NAMES | st.sampled_from(["a;b=c", 'my "new" passport', "a\r\nX-Injected: 1", "Führerschein", "名前", "", "100%25", " a "]),
    st.none() | NAMES,
    st.none() | st.sampled_from(["image/png", 'image/png; name="a;b"', "text/plain; charset=utf-8", "application/é"]),
    st.binary(max_size=60) | st.sampled_from([b"\r\n--specimen", b"\r\n--", b"--specimen-7d3a9", b"\r", b"\r\n"]),
)


def _read_as(text: str | None) -> str | None:
    """A name as it is read: what looks like an escape is one."""
    return None if text is None else text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


@given(st.lists(PARTS, max_size=5))
def test_law__what_is_written_is_read_again(parts: list[FormPart]) -> None:
    """The same parts in the same order, to the byte; names whatever characters they have."""
    wanted = [FormPart(_read_as(each.name) or "", _read_as(each.filename), each.content_type, each.data) for each in parts]
    assert list(read(write(parts, BOUNDARY), TYPE)) == wanted


@given(st.binary(max_size=200))
def test_read__parts_or_an_error(raw: bytes) -> None:
    """Any bytes are a form, or an error with the parts that were whole."""
    for body in (raw, f"--{BOUNDARY}\r\n".encode() + raw):
        try:
            parts = read(body, TYPE)
        except FormError as error:
            parts = error.parts
        assert all(isinstance(part, FormPart) for part in parts)


def test_write__escapes_names_as_browsers_do() -> None:
    """HTML Standard, multipart/form-data encoding algorithm: three escapes, all else as UTF-8."""
    body = write([FormPart('a"b', "c\r\né%", "image/png", b"1"), FormPart("d", None, None, b"2")], "x")
    assert body == (
        b'--x\r\nContent-Disposition: form-data; name="a%22b"; filename="c%0D%0A\xc3\xa9%"\r\nContent-Type: image/png\r\n\r\n1'
        b'\r\n--x\r\nContent-Disposition: form-data; name="d"\r\n\r\n2\r\n--x--\r\n'
    )


def test_write__refuses_what_would_be_read_as_something_else() -> None:
    """A boundary within a part ends it, and a line end in a content type begins another header."""
    for data in (b"--x", b"a\r\n--x--"):
        with pytest.raises(ValueError, match="holds the boundary 'x'"):
            write([FormPart("a", None, None, data)], "x")
    with pytest.raises(ValueError, match="holds a line end"):
        write([FormPart("a", "b", "text/plain\r\nX-Injected: 1", b"")], "x")


def test_from_entries__as_lifecycle_files_write_them() -> None:
    """A text, a file with its name and type, and a file without."""
    entries = [{"name": "a", "value": "é"}, {"name": "b", "base64": "AA==", "filename": "c", "content_type": "d/e"},
               {"name": "f", "base64": ""}]  # fmt: skip
    assert from_entries(entries) == (
        FormPart("a", None, None, "é".encode()),
        FormPart("b", "c", "d/e", b"\0"),
        FormPart("f", "file", "application/octet-stream", b""),
    )


PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
BROKEN = {
    "no boundary named": ("multipart/form-data", PART + b"--x--\r\n", 0, "names no boundary"),
    "an empty boundary": ("multipart/form-data; boundary=", PART + b"--x--\r\n", 0, "names no boundary"),
    "another type": ("multipart/mixed; boundary=x", PART + b"--x--\r\n", 0, "names no boundary"),
    "a boundary without an end": ("multipart/form-data; boundary=" + "x" * 300, PART, 0, "exceeds maximum|cannot be read"),
    "nothing": ("multipart/form-data; boundary=x", b"", 0, "that closes it is missing"),
    "no end": ("multipart/form-data; boundary=x", PART + PART, 1, "that closes it is missing"),
    "the end of another": ("multipart/form-data; boundary=x", PART + PART + b"--y--\r\n", 1, "that closes it is missing"),
    "cut within the last part's head": ("multipart/form-data; boundary=x", PART + PART[:20], 1, "that closes it is missing"),
    "no form at all": ("multipart/form-data; boundary=x", b"garbage", 0, "cannot be read at byte 0"),
    "no name": ("multipart/form-data; boundary=x", PART + b"--x\r\n\r\n2\r\n--x--", 1, "gives no name"),
    "a header without a colon": (
        "multipart/form-data; boundary=x",
        PART + b"--x\r\nbad\r\n\r\n--x--",
        1,
        "cannot be read at byte",
    ),
    "too many parts": ("multipart/form-data; boundary=x", PART * 3 + b"--x--\r\n", 2, "has more than 2 parts"),
}


@pytest.mark.parametrize(("content_type", "body", "whole", "what"), BROKEN.values(), ids=BROKEN)
def test_read__says_what_is_wrong(
    content_type: str, body: bytes, whole: int, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The error has the parts before it; nothing goes to the log."""
    with caplog.at_level(logging.DEBUG), pytest.raises(FormError, match=what) as caught:
        read(body, content_type, most_parts=2)
    assert [(part.name, part.data) for part in caught.value.parts] == [("a", b"1")] * whole
    assert caplog.records == []


def test_boundary_of__any_spelling() -> None:
    """Types and names of parameters know no case; a boundary may be quoted."""
    for content_type in ('Multipart/Form-Data; charset=utf-8; Boundary="a b"', "multipart/form-data;boundary=a b"):
        assert boundary_of(content_type) == b"a b"
    assert boundary_of("multipart/form-data; boundary=\u2028") == b"?"
    assert boundary_of("") is None


def test_read__what_other_clients_write() -> None:
    """Names without quotation marks, in Latin-1, with a backslash before a quotation mark; headers in any case."""
    body = (
        b"\r\n--x\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n"
        b'--x\r\nCONTENT-DISPOSITION: form-data; filename="C:\\tmp\\d\xe9.png"; name="b\\"c"\r\n\r\n2\r\n--x--epilogue'
    )
    found = [(part.name, part.filename, part.text) for part in read(body, "multipart/form-data; boundary=x")]
    assert found == [("a", None, "1"), ('b"c', "d\u00e9.png", "2")]

"""Decoding within bounds: pieces, layers, bombs."""

from __future__ import annotations

import contextlib
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen.contracts.http.content_encoding import Decoder, TooLarge, Undecodable, decoded, supported

ENCODERS = {
    "gzip": lambda body: gzip.compress(body, mtime=0),
    "deflate": zlib.compress,
    "raw": lambda body: zlib.compress(body)[2:-4],
}
ENCODINGS = st.sampled_from([*supported(), "gzip, deflate", "gzip, gzip"])


@given(body=st.binary(max_size=4000), sizes=st.lists(st.integers(1, 300), min_size=1), kind=st.sampled_from(sorted(ENCODERS)))
def test_pieces__decode_as_the_whole(body: bytes, sizes: list[int], kind: str) -> None:
    """However a body is cut, it is the same one; cut off it is none."""
    encoded = ENCODERS[kind](body)
    name = "deflate" if kind == "raw" else kind
    decoder, found, start = Decoder(name), b"", 0
    while start < len(encoded):
        size = sizes[start % len(sizes)]
        found += decoder.feed(encoded[start : start + size])
        start += size
    decoder.end()
    assert found == body == decoded(encoded, name)


@pytest.mark.parametrize("kind", sorted(ENCODERS))
def test_cut_off__is_undecodable(kind: str) -> None:
    """A body without its end is not taken for one."""
    encoded = ENCODERS[kind](b'{"status": "SUCCESS"}' * 9)
    for end in range(1, len(encoded)):
        with pytest.raises(Undecodable):
            decoded(encoded[:end], "deflate" if kind == "raw" else kind)


@given(body=st.binary(max_size=200), encoding=ENCODINGS | st.text(max_size=30))
def test_any_bytes__decode_or_are_undecodable(body: bytes, encoding: str) -> None:
    """Nothing else is raised for any header and body, and no result is longer than the bound."""
    found = b""
    with contextlib.suppress(Undecodable):
        found = decoded(body, encoding, most_bytes=1000)
    assert len(found) <= 1000


def test_bombs__stop_at_the_bound_in_every_layer() -> None:
    """Neither the last layer nor one before makes more than the bound, and a third is not begun."""
    bomb = ENCODERS["gzip"](b"\0" * 3_000_000)
    for body, encoding in ((bomb, "gzip"), (ENCODERS["gzip"](bomb), "gzip, gzip"), (ENCODERS["deflate"](bomb), "gzip, deflate")):
        with pytest.raises(TooLarge, match="more than 1000000"):
            decoded(body, encoding, most_bytes=1_000_000)
    with pytest.raises(Undecodable, match="at most 2 encodings, got 3"):
        decoded(b"", "gzip, gzip, gzip")
    assert decoded(b"{}", "identity, identity, identity") == b"{}"


def test_members__may_be_many_and_short() -> None:
    """A body of empty members of gzip takes the time of its length, not of its square."""
    assert decoded(ENCODERS["gzip"](b"") * 50_000, "gzip") == b""

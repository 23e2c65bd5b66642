"""Sessions and kept values as bytes, and back."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from specimen.fixtures.primitives.timelines import Event
from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import codec

_texts = st.text(st.characters(exclude_categories=["Cs"]))
_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _texts | st.binary()
_values = st.recursive(_scalars, lambda inner: st.lists(inner) | st.dictionaries(_texts, inner), max_leaves=20)
_times = st.integers(0, 1 << 45)
_records = st.builds(
    Record,
    _texts, _texts, _texts, st.integers(0, 2**32 - 1), _times, _times, st.floats(0.001, 1000), st.integers(0, 20),
    facts=st.dictionaries(_texts, _values, max_size=4),
    keys=st.lists(_texts, max_size=3).map(tuple),
    events=st.lists(st.builds(Event, _texts, _times, _texts), max_size=3).map(tuple),
    polls=st.integers(0, 9), reads=st.integers(0, 1 << 40), pinned=st.booleans(), version=st.integers(1, 1 << 40), owner=_texts,
)  # fmt: skip


@given(_values)
def test_value__comes_back(value: Any) -> None:
    """Whatever JSON can say, and bytes, comes back as it was, integers of any size too."""
    found = codec.decode_value(codec.encode_value(value))
    assert found == value
    assert repr(found) == repr(value)  # 1, 1.0 and True are equal, and are not the same in JSON


@given(_records)
def test_record__comes_back(record: Record) -> None:
    """A session comes back as it was."""
    assert codec.decode_record(codec.encode_record(record)) == record


def test_value__mappings_and_tuples() -> None:
    """A read-only mapping comes back as a dict, a tuple as a list."""
    value = {"a": MappingProxyType({"b": (1, MappingProxyType({"c": 10**30}))})}
    assert codec.decode_value(codec.encode_value(value)) == {"a": {"b": [1, {"c": 10**30}]}}


def test_record__form_of_format_1() -> None:
    """The bytes of format 1 stay what they are: a store of this version is read by the next."""
    record = Record("n", "i", "s", 1, 2, 3, 1.0, 4, {"f": 5}, ("k",), (Event("e", 6, "c"),), 7, 8, True, 9, "o")
    written = "01dc0010a16ea169a173010203cb3ff00000000000000481a1660591a16b9193a16506a1630708c309a16f"
    assert codec.encode_record(record).hex() == written
    assert codec.decode_record(bytes.fromhex(written)) == record
    told = replace(record, told_after=((0, 2, 1), (3, 4, 1 << 40)))
    assert codec.decode_record(codec.encode_record(told)) == told
    assert len(fields(Record)) == 17


@pytest.mark.parametrize("data", [b"", b"\x00\xc0", b"\x02\xc0", b"{}"])
def test_value__unknown_format(data: bytes) -> None:
    """What another version wrote is refused with a sentence that says what to do."""
    with pytest.raises(codec.UnknownFormat, match=r"this version of Specimen reads format 1\. Use the version that wrote"):
        codec.decode_value(data)


@pytest.mark.parametrize("data", [b"\x01", b"\x01\xc1", b"\x01\xc0\xc0", b"\x01\xd4\x09\x00", b"\x01\x92\x01"])
def test_value__damaged(data: bytes) -> None:
    """What is cut off or written over is refused too."""
    with pytest.raises(codec.UnknownFormat):
        codec.decode_value(data)


@pytest.mark.parametrize("value", [None, 1, [], ["n"] * 15, ["n"] * 17, ["n"] * 18, {"a": 1}])
def test_record__damaged(value: Any) -> None:
    """A value that is no session is refused."""
    with pytest.raises(codec.UnknownFormat, match="damaged"):
        codec.decode_record(codec.encode_value(value))

"""Sessions and kept values as bytes, in a form that carries its version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import DecodeError, msgpack

from specimen.fixtures.primitives.timelines import Event
from specimen.mockserver.errors import SpecimenError
from specimen.mockserver.http.messages import plain
from specimen.mockserver.sessions.session_record import Record
from specimen.mockserver.sessions.store import StoreUnavailable

# The first byte of everything that is kept. A change of `Record`, or of what follows that byte, takes the next number; a field
# more at the end of a record, which is left out where it is empty, does not.
FORMAT = 1
_HEAD = bytes([FORMAT])
# MessagePack's integers have 64 bits, JSON's any number of digits.
_BIG_INTEGER = 1


class UnknownFormat(SpecimenError, StoreUnavailable):
    """What is kept was written by another version of Specimen, or is damaged; the text holds nothing of it."""


def _decoded_extension(code: int, data: memoryview) -> Any:
    if code != _BIG_INTEGER:
        raise UnknownFormat(f"a kept value has an extension {code} of MessagePack, which Specimen does not write.")
    return int.from_bytes(data, "big", signed=True)


_encode = msgpack.Encoder(enc_hook=plain).encode
_decode = msgpack.Decoder(ext_hook=_decoded_extension).decode


def encode_value(value: Any) -> bytes:
    """A value that JSON can say (integers of any size, any mapping), or bytes, also inside of lists and mappings."""
    try:
        return _HEAD + _encode(value)
    except OverflowError:
        return _HEAD + _encode(_without_big_integers(value))


def decode_value(data: bytes) -> Any:
    """What `encode_value` was given; tuples come back as lists.

    Raises:
        UnknownFormat: another version wrote it, or it is damaged.
    """
    if data[:1] != _HEAD:
        written = f"format {data[0]}" if data else "no format"
        raise UnknownFormat(
            f"a kept value has {written}, this version of Specimen reads format {FORMAT}. "
            "Use the version that wrote the store, or begin with an empty one (`specimen store clear`)."
        )
    try:
        return _decode(memoryview(data)[1:])
    except (DecodeError, ValueError, RecursionError) as error:
        raise UnknownFormat(f"a kept value is damaged: {error}. Begin with an empty store (`specimen store clear`).") from error


def encode_record(record: Record) -> bytes:
    """A session, its fields in the order of format 1."""
    more = (record.told_after,) if record.told_after else ()
    return encode_value(
        (
            record.namespace, record.id, record.scenario, record.seed, record.created_at, record.made_at, record.speed,
            record.steps, record.facts, record.keys, record.events, record.polls, record.reads, record.pinned,
            record.version, record.owner, *more,
        )
    )  # fmt: skip


def decode_record(data: bytes) -> Record:
    """What `encode_record` was given; tuples among its facts come back as lists.

    Raises:
        UnknownFormat: another version wrote it, or it is damaged.
    """
    fields = decode_value(data)
    try:
        (
            namespace, session_id, scenario, seed, created_at, made_at, speed, steps, facts, keys, events, polls, reads, pinned,
            version, owner, *more,
        ) = fields  # fmt: skip
        (told_after,) = more or ((),)
        return Record(
            namespace, session_id, scenario, seed, created_at, made_at, speed, steps, facts, tuple(keys),
            tuple([Event(*event) for event in events]), polls, reads, pinned, version, owner,
            tuple([(first, end, number) for first, end, number in told_after]),
        )  # fmt: skip
    except (TypeError, ValueError) as error:
        raise UnknownFormat(f"a kept session is damaged: {error}. Begin with an empty store (`specimen store clear`).") from error


def _without_big_integers(value: Any) -> Any:
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
        return msgpack.Ext(_BIG_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))
    if isinstance(value, Mapping):
        return {key: _without_big_integers(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_without_big_integers(entry) for entry in value]
    return value

"""Decodes the content encoding of bodies, a piece at a time, within a bound on layers and bytes."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Protocol

MOST_BYTES = 16 * 1024 * 1024
# RFC 9110 allows any number; a server has a reason for two (a file that is compressed already), and a bomb for more.
MOST_LAYERS = 2
# A decoder that takes no bound gets so few bytes at once that what it makes of them is bounded: a block of Zstandard, of three
# bytes or more, makes 128 KiB at most.
_SLICE_BYTES = 64
# What stands behind a member of gzip is copied for the next one: of so many bytes, that members may be as short as they like.
_GZIP_SLICE_BYTES = 4096


class Undecodable(ValueError):
    """A body has an unknown encoding, is broken, or is too large once decoded."""


class TooLarge(Undecodable):
    """A body is larger than the bound once decoded."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(f"content encoding: more than {most_bytes} bytes once decoded.")


class _Layer(Protocol):
    """One encoding: `feed` gives at most `most_bytes` and one more, `end` raises where the body is not whole."""

    def feed(self, data: bytes, most_bytes: int) -> bytes: ...

    def end(self) -> None: ...


class Decoder:
    """Decodes the pieces of one body as they come (`gzip`, or two encodings: `gzip, br`).

    No more than `most_bytes` are made in any layer, whatever the pieces hold.

    Raises:
        Undecodable: an encoding is not known, or there are more than two.
    """

    def __init__(self, encoding: str, most_bytes: int = MOST_BYTES) -> None:
        names = [name for part in encoding.split(",") if (name := part.strip().lower()) and name != "identity"]
        if len(names) > MOST_LAYERS:
            raise Undecodable(f"content encoding: expected at most {MOST_LAYERS} encodings, got {len(names)}.")
        for name in names:
            if name not in _decoders():
                raise Undecodable(f"content encoding: expected one of {', '.join(supported())}, got '{name[:40]}'.")
        self._layers: Sequence[_Layer] = [_decoders()[name]() for name in reversed(names)]
        self._made = [0] * len(names)
        self._plain = 0
        self._most = most_bytes
        self._is_empty = True

    def feed(self, data: bytes) -> bytes:
        """Decodes the next piece.

        Raises:
            TooLarge: there are more bytes than the bound.
            Undecodable: the bytes are none of the encoding.
        """
        self._is_empty = self._is_empty and not data
        for index, layer in enumerate(self._layers):
            data = layer.feed(data, self._most - self._made[index]) if data else data
            self._made[index] += len(data)
            if self._made[index] > self._most:
                raise TooLarge(self._most)
        self._plain += len(data)
        if self._plain > self._most:
            raise TooLarge(self._most)
        return data

    def end(self) -> None:
        """Says that no more comes; an answer to HEAD has the encoding and no body.

        Raises:
            Undecodable: the body ends too early.
        """
        if not self._is_empty:
            for layer in self._layers:
                layer.end()


def decoded(body: bytes, encoding: str, most_bytes: int = MOST_BYTES) -> bytes:
    """Returns a whole body without its content encodings; the bound is on what was encoded.

    Raises:
        Undecodable: an encoding is not known, the bytes are none of it, or there are more than `most_bytes` of them.
    """
    decoder = Decoder(encoding, max(most_bytes, len(body)) if _is_identity(encoding) else most_bytes)
    found = decoder.feed(body)
    decoder.end()
    return found


def supported() -> tuple[str, ...]:
    """Returns the encodings that can be decoded here."""
    return ("identity", *_decoders())


def acceptable(accept: str) -> str:
    """Filters an `Accept-Encoding` to the encodings that can be decoded here; order and weights stay."""
    kept = [part.strip() for part in accept.split(",") if part.partition(";")[0].strip().lower() in {*supported(), "*"}]
    return ", ".join(part for part in kept if not part.startswith("*")) or "identity"


def _is_identity(encoding: str) -> bool:
    return all(part.strip().lower() in ("", "identity") for part in encoding.split(","))


class _Inflate:
    """`gzip` and `deflate`; `windows` are the forms that the body may have (zlib's own numbers)."""

    def __init__(self, *windows: int) -> None:
        self._windows = windows
        self._stream = zlib.decompressobj(windows[0])
        self._begun = b""
        self._is_sure = len(windows) == 1

    def feed(self, data: bytes, most_bytes: int) -> bytes:
        found = bytearray()
        for start in range(0, len(data), _GZIP_SLICE_BYTES):
            found += self._inflated(data[start : start + _GZIP_SLICE_BYTES], most_bytes - len(found))
            if len(found) > most_bytes:
                break
        return bytes(found)

    def _inflated(self, data: bytes, most_bytes: int) -> bytes:
        found = bytearray()
        while data:
            if self._stream.eof:
                if self._windows[0] != 31:  # only gzip has several members
                    break
                self._stream = zlib.decompressobj(31)
            if not self._is_sure:
                self._begun += data
            try:
                found += self._stream.decompress(data, most_bytes + 1 - len(found))
            except zlib.error as error:
                if self._is_sure:
                    raise Undecodable("content encoding: the body is not in it.") from error
                # RFC 9110 means zlib's format; some servers send raw DEFLATE.
                data, self._begun, self._is_sure = self._begun, b"", True
                self._stream = zlib.decompressobj(self._windows[1])
                continue
            if found:
                self._is_sure, self._begun = True, b""
            if len(found) > most_bytes:
                break
            data = self._stream.unused_data
        return bytes(found)

    def end(self) -> None:
        if not self._stream.eof:
            raise Undecodable("content encoding: the body ends too early.")


class _Other:
    """An encoding of another library: `step` decodes some bytes, `is_ended` says whether the body was whole."""

    def __init__(self, name: str, step: Callable[[bytes], bytes], is_ended: Callable[[], bool], slice_bytes: int) -> None:
        self._name, self._step, self._is_ended, self._slice = name, step, is_ended, slice_bytes

    def feed(self, data: bytes, most_bytes: int) -> bytes:
        found = bytearray()
        for start in range(0, len(data), self._slice):
            try:
                found += self._step(data[start : start + self._slice])
            except Exception as error:  # each of these libraries has an error type of its own
                raise Undecodable(f"content encoding '{self._name}': the body is not in it.") from error
            if len(found) > most_bytes:
                break
        return bytes(found)

    def end(self) -> None:
        if not self._is_ended():
            raise Undecodable(f"content encoding '{self._name}': the body ends too early.")


@cache
def _decoders() -> dict[str, Callable[[], _Layer]]:
    found: dict[str, Callable[[], _Layer]] = {
        "gzip": lambda: _Inflate(31),
        "x-gzip": lambda: _Inflate(31),
        "deflate": lambda: _Inflate(15, -15),
    }
    brotli = _first(("brotli", "brotlicffi"))
    if brotli is not None and hasattr(brotli.Decompressor, "can_accept_more_data"):  # older ones know no bound
        found["br"] = lambda: _Brotli(brotli.Decompressor())
    zstd = _first(("compression.zstd", "zstandard"))
    if zstd is not None:
        found["zstd"] = lambda: _zstd(zstd)
    return found


class _Brotli:
    """`br`, whose one byte may stand for 16 MiB: its decoder is asked for no more than the bound."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def feed(self, data: bytes, most_bytes: int) -> bytes:
        found = bytearray()
        try:
            found += self._stream.process(data, output_buffer_limit=most_bytes + 1)
            while len(found) <= most_bytes and not self._stream.is_finished() and not self._stream.can_accept_more_data():
                found += self._stream.process(b"", output_buffer_limit=most_bytes + 1 - len(found))
        except Exception as error:  # the two libraries have error types of their own
            raise Undecodable("content encoding 'br': the body is not in it.") from error
        return bytes(found)

    def end(self) -> None:
        if not self._stream.is_finished():
            raise Undecodable("content encoding 'br': the body ends too early.")


def _zstd(module: Any) -> _Layer:
    # RFC 8878, section 3.1.1.1.2: a decoder need not take a window of more than 8 MiB.
    if hasattr(module, "DecompressionParameter"):
        stream = module.ZstdDecompressor(options={module.DecompressionParameter.window_log_max: 23})
    else:
        stream = module.ZstdDecompressor(max_window_size=2**23).decompressobj()
    return _Other("zstd", stream.decompress, lambda: bool(stream.eof), _SLICE_BYTES)


def _first(names: Iterable[str]) -> Any:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None

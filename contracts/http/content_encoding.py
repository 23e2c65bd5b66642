"""Decodes the content encoding of bodies."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

MOST_BYTES = 16 * 1024 * 1024


class Undecodable(ValueError):
    """A body has an unknown encoding, is broken, or is too large once decoded."""


def decoded(body: bytes, encoding: str, most_bytes: int = MOST_BYTES) -> bytes:
    """Returns a body without its content encodings (`gzip`, or several: `gzip, br`).

    Raises:
        Undecodable: an encoding is not known, the bytes are none of it, or there are more than `most_bytes` of them.
    """
    for name in reversed([part.strip().lower() for part in encoding.split(",") if part.strip()]):
        decode = _decoders().get(name)
        if decode is None:
            raise Undecodable(f"content encoding '{name}': expected one of {', '.join(supported())}.")
        if body:  # an answer to HEAD has the encoding and no body
            body = decode(body, most_bytes)
    return body


def supported() -> tuple[str, ...]:
    """Returns the encodings that can be decoded here."""
    return tuple(_decoders())


def acceptable(accept: str) -> str:
    """Filters an `Accept-Encoding` to the encodings that can be decoded here; order and weights stay."""
    kept = [part.strip() for part in accept.split(",") if part.partition(";")[0].strip().lower() in {*supported(), "*"}]
    return ", ".join(part for part in kept if not part.startswith("*")) or "identity"


@cache
def _decoders() -> dict[str, Callable[[bytes, int], bytes]]:
    found: dict[str, Callable[[bytes, int], bytes]] = {
        "identity": lambda body, _: body,
        "gzip": lambda body, most: _inflate(body, most, (31,)),
        "x-gzip": lambda body, most: _inflate(body, most, (31,)),
        # RFC 9110 means zlib's format; some servers send raw DEFLATE.
        "deflate": lambda body, most: _inflate(body, most, (15, -15)),
    }
    for name, modules in (("br", ("brotli", "brotlicffi")), ("zstd", ("compression.zstd", "zstandard"))):
        module = _first(modules)
        if module is not None:
            found[name] = _other(name, module)
    return found


def _inflate(body: bytes, most_bytes: int, windows: Iterable[int]) -> bytes:
    for window in windows:
        found = bytearray()
        rest = body
        try:
            while rest:
                stream = zlib.decompressobj(window)
                found += stream.decompress(rest, most_bytes + 1 - len(found))
                if len(found) > most_bytes or stream.unconsumed_tail:
                    raise Undecodable(f"content encoding: more than {most_bytes} bytes once decoded.")
                if not stream.eof:
                    raise Undecodable("content encoding: the body ends too early.")
                rest = stream.unused_data if window == 31 else b""  # gzip may have several members
        except zlib.error:
            continue
        return bytes(found)
    raise Undecodable("content encoding: the body is not in it.")


def _first(names: Iterable[str]) -> Any:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


def _other(name: str, module: Any) -> Callable[[bytes, int], bytes]:
    def decode(body: bytes, most_bytes: int) -> bytes:
        try:
            if name == "zstd" and hasattr(module, "ZstdDecompressor") and hasattr(module, "backend"):
                found: bytes = module.ZstdDecompressor().decompressobj().decompress(body)
            else:
                found = module.decompress(body)
        except Exception as error:  # each of these libraries has an error type of its own
            raise Undecodable(f"content encoding '{name}': the body is not in it.") from error
        if len(found) > most_bytes:
            raise Undecodable(f"content encoding: more than {most_bytes} bytes once decoded.")
        return found

    return decode

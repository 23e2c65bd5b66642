"""Writes files atomically: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO


def write_text(path: Path, text: str) -> None:
    """Writes a text file atomically: the old content stays until the new one is complete.

    Raises:
        OSError: the path cannot be written.
    """
    target = path.resolve()
    if target.is_dir():
        raise IsADirectoryError(21, "it is a folder", str(path))
    if target.exists() and not target.is_file():  # /dev/stdout, a named pipe
        with target.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
        return
    with replaced(target) as stream:
        stream.write(text.encode(errors="backslashreplace"))


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """Yields a new file that replaces `path` at the end; on an exception it is removed, and `path` stays as it was.

    Raises:
        OSError: the path cannot be written.
    """
    target = path.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise

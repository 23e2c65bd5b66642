"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO


def write_text(path: Path, text: str) -> None:
    """Puts a text where whatever stood there before stays until all of it is written.

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
    """A new file beside `path` that takes its place at the end; on any exception it goes, and what stood there stays.

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

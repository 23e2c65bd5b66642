"""Writes files atomically: whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from specimen.specs.core.errors import SpecimenError


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


def check_writable(path: Path, what: str) -> None:
    """Checks that a file can be written, before anything else is done; `what` names it in the sentence.

    Raises:
        SpecimenError: it cannot.
    """
    if not path.parent.is_dir():
        raise SpecimenError(f"{what} '{path}': its folder does not exist.")
    if path.exists() and not path.is_file() and not path.is_dir():  # /dev/stdout, a named pipe
        return
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "Is a directory")
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}."):
            pass
    except OSError as error:
        raise SpecimenError(f"{what} '{path}': cannot be written: {error.strerror or error}.") from error


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

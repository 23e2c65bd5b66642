"""A store's file that is looked into: nothing is written to it, and no file is made beside it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from specimen.mockserver.sessions.store import StoreUnavailable

# SQLite's files beside one that is open, or that a process left which was killed.
_BESIDE = ("-wal", "-shm")


class ReadOnlyFile:
    """A file for readers. A server may have it open: then its log is read too. Otherwise SQLite would begin a log, and leave it.

    Source: SQLite, Write-Ahead Logging, Read-Only Databases; URI Filenames, `immutable`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unused: tuple[int, int, int] | None = None  # its state, where no process has it open

    def connect(self) -> sqlite3.Connection:
        """A connection that cannot write.

        Raises:
            sqlite3.Error: the file cannot be opened.
        """
        self._unused = None if self._is_open_elsewhere() else self._now()
        mode = "mode=ro" if self._unused is None else "mode=ro&immutable=1"
        uri = f"file:{quote(os.fspath(self._path.absolute()))}?{mode}"
        return sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False)

    def check(self) -> None:
        """Returns where what was read is whole.

        Raises:
            StoreUnavailable: no process had the file open, and one has begun to write to it since.
        """
        if self._unused is not None and (self._is_open_elsewhere() or self._now() != self._unused):
            raise StoreUnavailable(f"store {self._path}: a server began to use it meanwhile. Try again.")

    def _is_open_elsewhere(self) -> bool:
        return any(Path(f"{self._path}{end}").exists() for end in _BESIDE)

    def _now(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

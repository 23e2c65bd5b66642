"""The tables of a store's file, and the checks that a file is one of ours."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from specimen.mockserver.sessions.store import StoreUnavailable

# `PRAGMA application_id` and `user_version` mark a file as a store of this layout; a change of a table takes the next number.
APPLICATION = 0x5350434D
LAYOUT = 1

# The number of a space, by its namespace and provider.
OF = "(SELECT space FROM spaces WHERE namespace = ? AND provider = ?)"

# A space is unlinked from its rows when it is dropped, and its number is never used again: the rows are then garbage.
# A task's `place` is when it was due at first, which keeps its place in its lane.
# `sessions`, `held_values` and `value_bytes` of a space are what it adds to `totals`; `changed` counts changes of its sessions.
_TABLES = """
CREATE TABLE namespaces (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, value BLOB,
    version INTEGER NOT NULL DEFAULT 0, used INTEGER NOT NULL) STRICT;
CREATE INDEX namespaces_used ON namespaces (used);
CREATE TABLE spaces (space INTEGER PRIMARY KEY AUTOINCREMENT, namespace TEXT NOT NULL, provider TEXT NOT NULL,
    sessions INTEGER NOT NULL DEFAULT 0, held_values INTEGER NOT NULL DEFAULT 0, value_bytes INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL DEFAULT 0, UNIQUE (namespace, provider)) STRICT;
CREATE TABLE garbage (space INTEGER PRIMARY KEY) STRICT;
CREATE TABLE totals (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (seq INTEGER PRIMARY KEY AUTOINCREMENT, space INTEGER NOT NULL, id TEXT NOT NULL, owner TEXT NOT NULL,
    state TEXT NOT NULL, until INTEGER NOT NULL, version INTEGER NOT NULL, created_at INTEGER NOT NULL, record BLOB NOT NULL
    ) STRICT;
CREATE UNIQUE INDEX sessions_id ON sessions (space, id);
CREATE INDEX sessions_seq ON sessions (space);
CREATE INDEX sessions_owner_id ON sessions (space, owner, id);
CREATE INDEX sessions_owner_seq ON sessions (space, owner);
CREATE INDEX sessions_owner_state_id ON sessions (space, owner, state, id);
CREATE INDEX sessions_owner_state_seq ON sessions (space, owner, state);
CREATE INDEX sessions_until ON sessions (space, until);
CREATE TABLE keys (space INTEGER NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (space, key, seq)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE counters (space INTEGER NOT NULL, key TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (space, key)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE held_values (space INTEGER NOT NULL, key TEXT NOT NULL, until INTEGER NOT NULL, version INTEGER NOT NULL,
    value BLOB NOT NULL, PRIMARY KEY (space, key)) STRICT, WITHOUT ROWID;
CREATE INDEX held_values_until ON held_values (space, until);
CREATE TABLE locks (space INTEGER NOT NULL, key TEXT NOT NULL, token TEXT NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY (space, key)) STRICT, WITHOUT ROWID;
CREATE TABLE logs (space INTEGER NOT NULL, log TEXT NOT NULL, number INTEGER NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (space, log, number)) STRICT, WITHOUT ROWID;
CREATE TABLE tasks (number INTEGER PRIMARY KEY AUTOINCREMENT, space INTEGER NOT NULL, id TEXT NOT NULL, lane TEXT NOT NULL,
    place INTEGER NOT NULL, due INTEGER NOT NULL, payload BLOB NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0, token TEXT NOT NULL DEFAULT '',
    lease INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE UNIQUE INDEX tasks_id ON tasks (space, id);
CREATE INDEX tasks_lane ON tasks (space, lane, place);
CREATE INDEX tasks_due ON tasks (space, due);
CREATE INDEX tasks_held ON tasks (space, lane) WHERE lease > 0;
CREATE TABLE done_tasks (number INTEGER PRIMARY KEY AUTOINCREMENT, space INTEGER NOT NULL, id TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX done_tasks_id ON done_tasks (space, id);
CREATE INDEX done_tasks_number ON done_tasks (space);
INSERT INTO totals VALUES ('sessions', 0), ('values', 0), ('value_bytes', 0), ('namespaces', 0);
"""
# Files of layout 1 that were made before tasks had a bound have no count of them.
_COUNT_TASKS = """
INSERT OR REPLACE INTO totals SELECT 'tasks', count(*) FROM tasks WHERE space NOT IN (SELECT space FROM garbage)
"""
# Of these a dropped space's rows are swept.
SWEPT = ("sessions", "keys", "counters", "held_values", "locks", "logs", "tasks", "done_tasks")

_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "9p", "ceph", "glusterfs", "lustre", "ncpfs",
                      "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "virtiofs", "beegfs", "gpfs"})  # fmt: skip
_MOUNTS = Path("/proc/self/mounts")


def file_system(path: Path, mounts: str) -> str:
    """The type of the file system that holds a path, by the text of /proc/self/mounts; empty where it does not say."""
    best, found = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = Path(fields[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))
        if (path == place or place in path.parents) and len(place.parts) >= best:
            best, found = len(place.parts), fields[2]
    return found


def refuse_network_disk(path: Path) -> None:
    """Refuses a file on a network disk, where SQLite's locks and shared memory do not work between machines.

    Raises:
        StoreUnavailable: it is on one.
    """
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:  # no Linux; SQLite's own locks still refuse what they cannot lock
        return
    kind = file_system(path.resolve(), mounts)
    if kind in _NETWORK:
        raise StoreUnavailable(
            f"store {path}: it is on a network disk ({kind}), on which SQLite loses data. Use a local disk, or --store redis://…"
        )


def check(db: sqlite3.Connection, path: Path) -> None:
    """Checks that a file that is only read is a store of ours.

    Raises:
        StoreUnavailable: it is empty, another program's, or of another layout.
    """
    if not _is_ours(db, path):
        raise StoreUnavailable(f"store {path}: it is empty, no store has begun in it. Name the file that the servers use.")


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Makes the tables of a new file, inside of a transaction that is begun; checks those of an old one.

    Raises:
        StoreUnavailable: the file is another program's, or of another layout.
    """
    if not _is_ours(db, path):
        for statement in _TABLES.split(";\n"):
            if statement.strip():
                db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute(f"PRAGMA user_version = {LAYOUT}")
    db.execute(_COUNT_TASKS)


def _is_ours(db: sqlite3.Connection, path: Path) -> bool:
    """Whether a file is a store; False where it is empty.

    Raises:
        StoreUnavailable: it is another program's, or of another layout.
    """
    application = db.execute("PRAGMA application_id").fetchone()[0]
    layout = db.execute("PRAGMA user_version").fetchone()[0]
    if application == APPLICATION:
        if layout != LAYOUT:
            raise StoreUnavailable(
                f"store {path}: it has layout {layout}, this version of Specimen reads layout {LAYOUT}. Export it with the "
                "version that wrote it (`specimen store export`), and import it into a new file."
            )
        return True
    if application != 0 or db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise StoreUnavailable(f"store {path}: it is a SQLite file of another program. Name a file that does not exist yet.")
    return False

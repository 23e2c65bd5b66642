"""All that a store holds as lines of JSON, which any kind of store, and a later version, can take in."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from specimen.mockserver.errors import SpecimenError
from specimen.mockserver.sessions.store import Space
from specimen.mockserver.sessions.store.codec import FORMAT

__all__ = ["FILE_VERSION", "ForeignFile", "Portable", "Row", "read_rows", "written"]

# The form of the file. Values and sessions in it have the codec's own format.
FILE_VERSION = 1
_HEAD = "specimen_store"

# What follows the space in a row of each kind; bytes are as the codec wrote them. A namespace's row stands before those in it,
# and sessions are in the order of their creation.
FIELDS = {
    "namespace": ("value", "version"),
    "session": ("record", "state", "until"),
    "counter": ("key", "count"),
    "value": ("key", "until", "version", "value"),
    "log": ("log", "number", "value"),
    "task": ("id", "lane", "place", "due", "payload", "attempt"),
    "done": ("id",),
}


class ForeignFile(SpecimenError):
    """A file is no export of a store, or one of another version."""


class Row(NamedTuple):
    """One thing that a store holds; `fields` are those of its kind, see FIELDS."""

    kind: str
    space: Space
    fields: tuple[Any, ...]


class Portable(Protocol):
    """A store that can be written to a file and filled from one."""

    async def summary(self) -> Mapping[Space, Mapping[str, int]]:
        """How many `sessions`, `values` and `tasks` each space has."""

    def dump(self) -> AsyncIterator[Row]:
        """All rows. What changes meanwhile may be in it or not."""

    async def restore(self, rows: Iterable[Row]) -> None:
        """Adds rows to a store that holds none of them.

        Where that does not end, the store is empty as before, or `open` refuses it until it is cleared: nobody is served a part.
        """

    async def end_import(self) -> None:
        """Says that there is nothing left of an import that did not end: the store was cleared."""


def written(row: Row | None) -> str:
    """A row as a line; None is the first line of a file."""
    if row is None:
        return json.dumps({_HEAD: FILE_VERSION, "codec": FORMAT}) + "\n"
    fields = dict(zip(FIELDS[row.kind], row.fields, strict=True))
    shown = {name: {"base64": b64encode(value).decode()} if isinstance(value, bytes) else value for name, value in fields.items()}
    return json.dumps({"kind": row.kind, "namespace": row.space.namespace, "provider": row.space.provider, **shown}) + "\n"


def read_rows(lines: Iterable[str], name: str) -> Iterator[Row]:
    """The rows of a file.

    Raises:
        ForeignFile: it is none of ours, of another version, or damaged; the text says where.
    """
    for number, line in enumerate(lines, 1):
        try:
            found = json.loads(line)
            if number == 1:
                _check_head(found, name)
                continue
            kind = found["kind"]
            fields = tuple(_plain(found[field]) for field in FIELDS[kind])
            yield Row(kind, Space(found["namespace"], found["provider"]), fields)
        except (ValueError, KeyError, TypeError) as error:
            what = "it is no export of a store" if number == 1 else "it is damaged"
            raise ForeignFile(f"{name}:{number}: {what}. Expected a file that `specimen store export` wrote.") from error


def _check_head(head: Any, name: str) -> None:
    version, codec = head[_HEAD], head["codec"]
    if (version, codec) != (FILE_VERSION, FORMAT):
        raise ForeignFile(
            f"{name}: version {version} with format {codec}; this version of Specimen reads version {FILE_VERSION} with format "
            f"{FORMAT}. Use the version that wrote it."
        )


def _plain(value: Any) -> Any:
    return b64decode(value["base64"], validate=True) if isinstance(value, dict) else value

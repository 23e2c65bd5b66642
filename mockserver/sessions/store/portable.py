"""All that a store holds as lines of JSON, which any kind of store, and a later version, can take in."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from specimen.mockserver.errors import SpecimenError
from specimen.mockserver.sessions.store import Space
from specimen.mockserver.sessions.store.codec import FORMAT, UnknownFormat, decode_record, decode_value

__all__ = ["FILE_VERSION", "ForeignFile", "Portable", "Row", "end", "head", "read_rows", "twice", "written"]

# The form of the file. Values and sessions in it have the codec's own format.
FILE_VERSION = 2
_HEAD, _END = "specimen_store", "rows"

# What follows the space in a row of each kind; bytes are as the codec wrote them. A namespace's row stands before those in it,
# and sessions are in the order of their creation.
FIELDS: Mapping[str, Mapping[str, type]] = {
    "namespace": {"value": bytes, "version": int},
    "session": {"record": bytes, "state": str, "until": int},
    "counter": {"key": str, "count": int},
    "value": {"key": str, "until": int, "version": int, "value": bytes},
    "log": {"log": str, "number": int, "value": bytes},
    "task": {"id": str, "lane": str, "place": int, "due": int, "payload": bytes, "attempt": int},
    "done": {"id": str},
}
# What numbers may be: those that no kind of store rounds or cuts. The others are times and places, of 64 bits.
_NUMBERS: Mapping[str, range] = {"version": range(1 << 32), **dict.fromkeys(("count", "number", "attempt"), range(1 << 53))}
_TIMES = range(-1 << 63, 1 << 63)


class ForeignFile(SpecimenError):
    """A file is no export of a store, or one of another version."""


def twice(what: str) -> ForeignFile:
    """The error of a row that a store has already from the same file."""
    return ForeignFile(f"the file is damaged: it has {what} twice. Expected a file that `specimen store export` wrote.")


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

        Raises:
            ForeignFile: a session is in them twice.

        Where that does not end, the store is empty as before, or `open` refuses it until it is cleared: nobody is served a part.
        """

    async def end_import(self) -> None:
        """Says that there is nothing left of an import that did not end: the store was cleared."""


def head() -> str:
    """The first line of a file."""
    return json.dumps({_HEAD: FILE_VERSION, "codec": FORMAT}) + "\n"


def end(count: int) -> str:
    """The last line of a file with so many rows: one without it was cut off."""
    return json.dumps({_END: count}) + "\n"


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(type(value))
    return value


# What reads the bytes of a row.
_CODED: Mapping[str, Callable[[bytes], Any]] = {
    "namespace": lambda data: _mapping(decode_value(data)),
    "session": decode_record, **dict.fromkeys(("value", "log", "task"), decode_value),
}  # fmt: skip


def written(row: Row) -> str:
    """A row as a line."""
    fields = dict(zip(FIELDS[row.kind], row.fields, strict=True))
    shown = {name: {"base64": b64encode(value).decode()} if isinstance(value, bytes) else value for name, value in fields.items()}
    return json.dumps({"kind": row.kind, "namespace": row.space.namespace, "provider": row.space.provider, **shown}) + "\n"


def read_rows(lines: Iterable[str], name: str) -> Iterator[Row]:
    """The rows of a file.

    Raises:
        ForeignFile: it is none of ours, of another version, cut off or damaged; the text says where.
    """
    number, is_whole = 0, False
    for number, line in enumerate(lines, 1):
        try:
            found = _mapping(json.loads(line))
            if number == 1:
                _check_head(found, name)
                continue
            if not is_whole and found.get(_END) == number - 2:
                is_whole = True
                continue
            yield _row({} if is_whole else found)
        except (ValueError, KeyError, TypeError, RecursionError, UnknownFormat) as error:
            what = "it is no export of a store" if number == 1 else "it is damaged"
            raise ForeignFile(f"{name}:{number}: {what}. Expected a file that `specimen store export` wrote.") from error
    if not is_whole:
        raise ForeignFile(f"{name}: it is cut off after {number} lines. Export the store again.")


def _row(found: Mapping[str, Any]) -> Row:
    """A row as a line says it, of which nothing is left to find out when it is taken in."""
    kind, types = found["kind"], FIELDS[found["kind"]]
    fields = tuple(_plain(found[field]) for field in types)
    space = Space(found["namespace"], found["provider"])
    for value, wanted in zip((*fields, *space), (*types.values(), str, str), strict=True):
        if type(value) is not wanted and not (value is None and kind == "namespace" and wanted is bytes):
            raise TypeError(wanted)
    for name, value in (*zip(types, fields, strict=True), ("", space.namespace), ("", space.provider)):
        if type(value) is int and value not in _NUMBERS.get(name, _TIMES):
            raise ValueError(name)
        if type(value) is str:
            value.encode()  # a lone surrogate, which JSON can say, is no character
        if type(value) is bytes:
            _CODED[kind](value)
    return Row(kind, space, fields)


def _check_head(head: Any, name: str) -> None:
    version, codec = head[_HEAD], head["codec"]
    if (version, codec) != (FILE_VERSION, FORMAT):
        raise ForeignFile(
            f"{name}: version {version} with format {codec}; this version of Specimen reads version {FILE_VERSION} with format "
            f"{FORMAT}. Use the version that wrote it."
        )


def _plain(value: Any) -> Any:
    return b64decode(value["base64"], validate=True) if isinstance(value, dict) else value

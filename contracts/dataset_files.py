"""Datasets as files: made a group of rows at a time, in one process or several, and written whole or not at all."""

from __future__ import annotations

import gzip
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread
from typing import IO, Any, Protocol

from msgspec.json import Encoder

from specimen.contracts.dataset_columns import ROW_COLUMNS, field_types, fields, home
from specimen.contracts.dataset_mix import Shard
from specimen.contracts.dataset_rows import Dataset, Row
from specimen.fixtures.times import iso_millis
from specimen.specs import SpecimenError
from specimen.specs.core.atomic_files import replaced
from specimen.specs.core.errors import did_you_mean

# Groups that each process may have finished before they are written.
_GROUPS_AHEAD = 2
_GZIP_LEVEL = 6
_encode = Encoder().encode


class Form(Protocol):
    """A form of file. `block` makes a group's part of it, in any process; `opened` is what takes them, in their order."""

    def block(self, dataset: Dataset, group: int) -> Any:
        """A group of rows, ready to be written and fit to be sent between processes."""

    def opened(self, dataset: Dataset, stream: IO[bytes]) -> Writer:
        """A writer to a file that is open."""


class Writer(Protocol):
    """Takes the blocks of a file."""

    def add(self, block: Any) -> None:
        """Writes the next block."""

    def close(self) -> None:
        """Writes what comes after the last one."""


class Lines:
    """One JSON object a line; files one after the other are a file, packed ones too."""

    def __init__(self, *, is_packed: bool) -> None:
        self._is_packed = is_packed

    def block(self, dataset: Dataset, group: int) -> bytes:
        """The lines of a group."""
        text = b"".join([line(dataset.row(number)) for number in dataset.group(group)])
        return gzip.compress(text, _GZIP_LEVEL, mtime=0) if self._is_packed else text

    def opened(self, dataset: Dataset, stream: IO[bytes]) -> Writer:  # noqa: ARG002 - a Parquet file needs it
        """A writer of bytes."""
        return _Plain(stream)


class _Plain:
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def add(self, block: bytes) -> None:
        self._stream.write(block)

    def close(self) -> None:
        """Nothing comes after the last line."""


def line(row: Row) -> bytes:
    """A row as a line of JSON."""
    value = {
        "row": row.row, "scenario": row.scenario, "state": row.state, "created_at": iso_millis(row.created_at),
        "session_id": row.session_id, "operation": row.operation, "body": row.body,
    }  # fmt: skip
    return _encode(value) + b"\n"


class Parquet:
    """Columns for analytics, one row group for each group of rows."""

    def block(self, dataset: Dataset, group: int) -> list[list[Any]]:
        """The columns of a group, in the order of the schema."""
        names, pointer = field_types(dataset), home(dataset)
        columns: list[list[Any]] = [[] for _ in (*ROW_COLUMNS, *names)]
        for number in dataset.group(group):  # a body as bytes takes a tenth of what its objects take
            row = dataset.row(number)
            values = (row.row, row.scenario, row.state, row.created_at, row.session_id, row.operation, _encode(row.body))
            for column, value in zip(columns, (*values, *fields(row.body, pointer, names)), strict=True):
                column.append(value)
        return columns

    def opened(self, dataset: Dataset, stream: IO[bytes]) -> Writer:
        """A writer by PyArrow.

        Raises:
            SpecimenError: PyArrow is not installed.
        """
        try:
            from specimen.contracts.dataset_parquet import ParquetFile
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] != "pyarrow":
                raise
            how = "pip install 'specimen-kyc[dataset]', or write .ndjson, which needs nothing more."
            raise SpecimenError(f"a .parquet file needs PyArrow, which is not installed: {how}") from error
        return ParquetFile(stream, field_types(dataset))


FORMS: dict[str, Form] = {".parquet": Parquet(), ".ndjson": Lines(is_packed=False), ".ndjson.gz": Lines(is_packed=True)}


def form_of(path: Path) -> Form:
    """The form that a file's name asks for.

    Raises:
        SpecimenError: it ends otherwise.
    """
    for suffix, form in FORMS.items():
        if path.name.endswith(suffix) and path.name != suffix:
            return form
    given = "".join(path.suffixes) or path.name
    raise SpecimenError(f"{path}: a dataset's name ends in {', '.join(FORMS)}. {did_you_mean(given, FORMS)}")


def write_groups(
    path: Path,
    dataset: Dataset,
    shard: Shard,
    *,
    processes: int,
    force: bool,
    on_progress: Callable[[int, int], object] | None,
) -> int:
    """Writes a shard to a file and says how many rows it has; see `specimen.contracts.dataset.write`."""
    form = form_of(path)
    if processes < 1:
        raise SpecimenError(f"processes {processes}: expected 1 or more.")
    if not path.parent.is_dir():
        raise SpecimenError(f"{path}: there is no folder '{path.parent}'; make it first.")
    if path.is_dir():
        raise SpecimenError(f"{path}: it is a folder; name a file.")
    written, total = 0, dataset.size(shard)
    try:
        _refuse_existing(path, force)
        with replaced(path) as stream:
            with closing(form.opened(dataset, stream)) as writer:
                for group, block in _blocks(form, dataset, shard, processes):
                    writer.add(block)
                    written += len(dataset.group(group))
                    if on_progress is not None:
                        on_progress(written, total)
            _refuse_existing(path, force)  # somebody else may have been quicker
    except OSError as error:
        raise SpecimenError(f"{path}: cannot be written: {error.strerror or error}.") from error
    return written


def _refuse_existing(path: Path, force: bool) -> None:
    if path.exists() and not force:
        raise SpecimenError(f"{path}: the file exists; choose another name, or replace it with --force.")


def _blocks(form: Form, dataset: Dataset, shard: Shard, processes: int) -> Iterator[tuple[int, Any]]:
    """The blocks of a shard in their order, made in this process or in so many others."""
    groups = dataset.groups(shard)
    if processes == 1 or len(groups) < 2:
        for group in groups:
            yield group, form.block(dataset, group)
        return
    workers = min(processes, len(groups))
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin_worker)
    waiting: deque[tuple[int, Future[Any]]] = deque()
    try:
        for group in groups:
            if len(waiting) >= workers * _GROUPS_AHEAD:
                first, future = waiting.popleft()
                yield first, future.result()
            waiting.append((group, pool.submit(form.block, dataset, group)))
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    except BrokenProcessPool as error:
        what = "a process that makes rows ended early; it may have had too little memory. Try fewer --processes."
        raise SpecimenError(what) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin_worker() -> None:
    """Ctrl-C is for the process that writes; it ends the others, and none outlives it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()

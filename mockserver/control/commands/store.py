"""`specimen store`: what a shared store holds, its export and import, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Grid

from specimen.mockserver.errors import SettingError
from specimen.specs.cli.console import console, standard_output, table_console, user_errors
from specimen.specs.core.errors import Unreachable

if TYPE_CHECKING:
    from specimen.mockserver.sessions.store import Space
    from specimen.mockserver.sessions.store.portable import Row

_PAGE = 1_000
_TOLD = 500  # rows between two words of how far the work is

_VARIABLE = "SPECIMEN_STORE"
UrlArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[URL]",
        show_default=False,
        help=f"sqlite:///file.db, sqlite:////absolute/file.db or redis://host:6379/0; without it the one in {_VARIABLE}.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]

app = typer.Typer(
    name="store", no_args_is_help=True, rich_markup_mode=None, help="Look into a shared store, export it, import it, clear it."
)


@app.command()
def info(url: UrlArgument = None, as_json: JsonOption = False) -> None:
    """Print how much a store holds, by namespace and provider.

    Examples:

        specimen store info sqlite:///sandbox.db

        specimen store info redis://127.0.0.1:6379/0 --json

        SPECIMEN_STORE=redis://:password@redis.internal:6379/0 specimen store info
    """

    async def count() -> dict[str, Any]:
        async with _opened(_named(url), is_read=True) as store:
            summary: dict[Space, dict[str, int]] = await store.summary()
            names = await _names(store)
        spaces: dict[str, dict[str, dict[str, int]]] = {name: {} for name in names}
        for space, counts in summary.items():
            spaces.setdefault(space.namespace, {})[space.provider] = counts
        totals = {kind: sum(counts[kind] for counts in summary.values()) for kind in ("sessions", "values", "tasks")}
        return {"namespaces": len(spaces), **totals, "spaces": spaces}

    with user_errors(as_json=as_json), standard_output():
        found = _run(count())
        if as_json:
            print(json.dumps(found, indent=2, ensure_ascii=False))
            return
        grid = Grid("namespace", "provider", "sessions", "values", "tasks", box=None, pad_edge=False)
        for name, providers in found["spaces"].items():
            for provider, counts in providers.items() or [("", {"sessions": 0, "values": 0, "tasks": 0})]:
                grid.add_row(name, provider, *(str(counts[kind]) for kind in ("sessions", "values", "tasks")))
        table_console().print(grid)
        console().print(f"{found['namespaces']} namespaces, {found['sessions']} sessions, {found['values']} values")


@app.command("export")
def export(
    url: UrlArgument = None,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE", show_default=False, help="The file to write, one JSON value a line. It holds tokens; keep it as one."
        ),
    ] = None,
) -> None:
    """Write all that a store holds to a file.

    Examples:

        specimen store export sqlite:///sandbox.db sandbox.jsonl
    """
    from specimen.mockserver.sessions.store.portable import end, head, written

    async def write(url: str, file: Path, tell: Callable[[int], None]) -> int:
        count = 0
        async with _opened(url, is_read=True) as store:
            output = open(file, "x", opener=partial(os.open, mode=0o600), encoding="utf-8")  # noqa: ASYNC230, SIM115 - closed below
            try:
                with output:
                    output.write(head())
                    async for row in store.dump():
                        output.write(written(row))
                        count += 1
                        tell(count)
                    output.write(end(count))
            except BaseException:  # also where the last of it cannot be written when the file is closed
                file.unlink()  # noqa: ASYNC240 - nothing else runs
                raise
        return count

    with user_errors(), standard_output():
        url, path = _store_and_file(url, file)
        try:
            with _counting("exported") as tell:
                count = _run(write(url, path, tell))
        except FileExistsError as error:
            raise SettingError(f"file '{path}' exists already. Name another one, or remove it.") from error
        except OSError as error:
            raise SettingError(f"file '{path}' cannot be written: {error.strerror or error}.") from error
        console().print(f"{count} rows written to {path}", soft_wrap=True)


@app.command("import")
def import_(
    url: UrlArgument = None,
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", show_default=False, help="A file that `specimen store export` wrote.")
    ] = None,
) -> None:
    """Fill an empty store from a file.

    Examples:

        specimen store import redis://127.0.0.1:6379/0 sandbox.jsonl
    """
    from specimen.mockserver.sessions.store.portable import read_rows

    def rows(file: Path, what: str) -> Iterator[Row]:
        with file.open(encoding="utf-8") as lines, _counting(what) as tell:
            for count, row in enumerate(read_rows(lines, str(file)), 1):
                tell(count)
                yield row

    async def read(url: str, file: Path) -> None:
        for _ in rows(file, "checked"):  # all of it is checked before any of it is taken
            pass
        async with _opened(url, is_new=True) as store:
            if await store.namespaces("", 1):
                raise SettingError("the store is not empty. Clear it first (`specimen store clear`), or name another one.")
            await store.restore(rows(file, "imported"))

    with user_errors(), standard_output():
        url, path = _store_and_file(url, file)
        try:
            if not (path.is_file() or path.is_dir()) and path.exists():
                raise SettingError(f"file '{path}': it is a pipe or a device, and is read twice. Write it to a file first.")
            _run(read(url, path))
        except OSError as error:
            raise SettingError(f"file '{path}' cannot be read: {error.strerror or error}.") from error
        except UnicodeDecodeError as error:
            raise SettingError(f"file '{path}' cannot be read: {error}.") from error
        console().print(f"{path} is imported", soft_wrap=True)


@app.command()
def clear(
    url: UrlArgument = None,
    yes: Annotated[bool, typer.Option("--yes", help="Yes, all of it.")] = False,
) -> None:
    """End all namespaces of a store, with their sessions.

    Examples:

        specimen store clear sqlite:///sandbox.db --yes
    """

    async def drop() -> int:
        async with _opened(_named(url), may_be_partial=True) as store:
            names = await _names(store)
            for name in names:
                await store.drop(name)
            await store.end_import()
        return len(names)

    with user_errors(), standard_output():
        if not yes:
            raise SettingError("all sessions of the store would be gone. Add --yes where you mean it.")
        console().print(f"{_run(drop())} namespaces ended")


def _named(url: str | None) -> str:
    """The URL of a store, which may hold a password: in the environment other users of the machine do not see it.

    Raises:
        SettingError: there is none.
    """
    found = url or os.environ.get(_VARIABLE)
    if not found:
        raise SettingError(f"no store is named. Give its URL, such as sqlite:///sandbox.db, or set {_VARIABLE}.")
    return found


def _store_and_file(url: str | None, file: str | None) -> tuple[str, Path]:
    """The store and the file of a command: one argument alone is the file.

    Raises:
        SettingError: one of them is not named.
    """
    if file is None:
        url, file = None, url
    if not file or "://" in file:
        raise SettingError("no file is named. Give the store's URL, and then the file.")
    return _named(url), Path(file)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    """What the work gives.

    Raises:
        Unreachable: the store does not answer.
    """
    from specimen.mockserver.sessions.store import StoreUnavailable

    # asyncio replaces Python's own answer to Ctrl-C by one that waits for the next await that suspends; a SQLite file has none.
    is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    before = signal.signal(signal.SIGINT, partial(signal.default_int_handler)) if is_default else None
    try:
        return asyncio.run(work)
    except StoreUnavailable as error:
        raise Unreachable(str(error)) from error
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _counting(what: str) -> Iterator[Callable[[int], None]]:
    """Shows the rows of long work on the error stream of a terminal; nothing elsewhere."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    errors = Console(stderr=True)
    if not errors.is_terminal:
        yield lambda _: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.completed} rows {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda count: None if count % _TOLD else bar.update(task, completed=count)


@contextlib.asynccontextmanager
async def _opened(url: str, *, is_new: bool = False, may_be_partial: bool = False, is_read: bool = False) -> AsyncIterator[Any]:
    from specimen.mockserver.sessions.store import StoreUnavailable
    from specimen.mockserver.sessions.store.factory import open_store

    store: Any = open_store(url, may_be_partial=may_be_partial, is_read=is_read)
    if not store.is_shared:
        raise SettingError("store 'memory': it is in its processes alone. Name sqlite:///file.db or redis://host:6379/0.")
    path: Path | None = getattr(store, "path", None)
    is_there = path is not None and path.exists()  # noqa: ASYNC240 - once, before anything else runs
    if path is not None and not is_new and not is_there:
        raise SettingError(f"store {path}: there is no such file.")
    is_open = is_left_empty = False
    try:
        await store.open()
        is_open = True
        yield store
    except BaseException:
        # An import was refused, or Ctrl-C ended it. What another process has made there meanwhile stays.
        with contextlib.suppress(StoreUnavailable):
            if not is_there and not is_open and path is not None and path.exists():  # noqa: ASYNC240 - nothing else runs
                await store.open()
            is_left_empty = not is_there and not await store.namespaces("", 1)
        raise
    finally:
        await store.close()
        if is_left_empty and path is not None:
            path.unlink(missing_ok=True)  # noqa: ASYNC240 - SQLite's files beside it went when it was closed


async def _names(store: Any) -> list[str]:
    names: list[str] = []
    while page := await store.namespaces(names[-1] if names else "", _PAGE):
        names += page
    return names

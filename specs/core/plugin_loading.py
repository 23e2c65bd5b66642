"""Loads a provider's Python: a built-in module, a file of an external provider's folder, or an entry point."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from specimen.specs.core.errors import SpecError
from specimen.specs.core.terminal_text import shown


def installed(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of a group, of all distributions on `sys.path`."""
    return _entry_points(group, tuple(sys.path))


@lru_cache(maxsize=16)
def _entry_points(group: str, _search_path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Remembered for a search path, since each look reads a file of every distribution."""
    return tuple(entry_points(group=group))


def load_module(name: str, folder: Path, stem: str, package: str | None) -> ModuleType:
    """A provider's module: `<package>.<name>` of a built-in one, else (no package) `<stem>.py` in its folder.

    Raises:
        SpecError: there is none, or it cannot be imported.
    """
    found = find_module(name, folder, stem, package)
    if found is None:
        raise SpecError(f"{package}.{name}" if package else str(folder / f"{stem}.py"), "the file is missing.")
    return found


def find_module(name: str, folder: Path, stem: str, package: str | None) -> ModuleType | None:
    """As `load_module`, for a module that a provider need not have.

    Raises:
        SpecError: it cannot be imported.
    """
    if package is not None:
        dotted = f"{package}.{name}"
        return None if importlib.util.find_spec(dotted) is None else importlib.import_module(dotted)
    path = folder / f"{stem}.py"
    # A dangling link is an error, not an omitted file.
    return load_file(path, f"_specimen_{name}_{stem}") if os.path.lexists(path) else None


def load_file(path: Path, module_name: str) -> ModuleType:
    """A Python file as a module, registered in `sys.modules` under that name.

    Raises:
        SpecError: there is no such file, or importing it raises any exception but Ctrl-C.
    """
    if path.is_dir():
        raise SpecError(str(path), "is a folder; expected a Python file.")
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise SpecError(str(path), "the file is missing.")
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(module_name)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:  # sys.exit() in a plug-in must not set our exit code
        del sys.modules[module_name]
        if before is not None:
            sys.modules[module_name] = before
        if isinstance(error, KeyboardInterrupt):  # that was the user
            raise
        raise SpecError(str(path), f"cannot be imported: {reason(error)}{line_in(error, path)}") from error
    return module


def load_entry_point(entry: EntryPoint) -> Any:
    """The object that an entry point names.

    Raises:
        SpecError: importing it raises any exception but Ctrl-C.
    """
    try:
        return entry.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # as above
        where = f"entry point {entry.group} '{entry.name}'"
        raise SpecError(where, f"'{entry.value}' cannot be imported: {reason(error)}") from error


def reason(error: BaseException) -> str:
    """An exception in one line: its type and its message."""
    text = shown(str(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def line_in(error: BaseException, path: Path) -> str:
    """` (line 7)`: the last line of a file in an exception's traceback; empty where there is none, as with a syntax error."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f" (line {lines[-1]})" if lines else ""

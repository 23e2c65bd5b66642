"""Writes a collection's files into a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from specimen.mockserver.errors import SettingError
from specimen.specs.core.atomic_files import replaced


def write(folder: Path, files: Mapping[str, bytes], *, force: bool) -> None:
    """Writes files, by their paths in the folder; those that are there with the same content stay.

    Raises:
        SettingError: one exists with other content and `force` is not set (nothing is written then), or cannot be written.
    """
    try:
        wanted = {path: content for path, content in files.items() if not _is_there(folder / path, content)}
        foreign = [path for path in wanted if (folder / path).exists() or (folder / path).is_symlink()]
        if foreign and not force:
            more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
            raise SettingError(f"{folder / foreign[0]}{more} exists with other content; --force replaces it.")
        for path, content in wanted.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            with replaced(folder / path) as stream:
                stream.write(content)
    except OSError as error:
        raise SettingError(f"--out {folder}: {error.strerror or error}.") from error


def _is_there(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content

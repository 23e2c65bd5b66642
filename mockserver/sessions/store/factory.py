"""Opens the store that a URL names."""

from __future__ import annotations

from importlib import import_module
from typing import cast
from urllib.parse import unquote, urlsplit

from specimen.mockserver.errors import SettingError
from specimen.mockserver.sessions.store import Bounds, Store
from specimen.mockserver.sessions.store.memory import MemoryStore
from specimen.specs.core.extras import needs

FORMS = "memory, sqlite:///file, redis://host:6379/0 or rediss://…"


def open_store(url: str, bounds: Bounds | None = None, *, may_be_partial: bool = False, is_read: bool = False) -> Store:
    """The store of a URL, which begins to work at its `open`.

    What an import left of itself is opened only where it `may_be_partial`; a store that `is_read` only writes nothing.

    Raises:
        SettingError: there is no such kind of store, or the URL lacks a part.
        MissingExtra: a package is not installed.
    """
    bounds = bounds or Bounds()
    scheme = url.partition(":")[0]
    if url == "memory":
        return MemoryStore(bounds)
    if scheme == "sqlite":
        return cast("Store", import_module(f"{__package__}.sqlite").SqliteStore(_path(url), bounds, is_read=is_read))
    if scheme in ("redis", "rediss"):
        try:
            has_host = bool(urlsplit(url).hostname)
        except ValueError:  # a bracket of an IPv6 address is missing
            has_host = False
        if not has_host:
            raise SettingError(f"store '{scheme}://': expected a host, such as {scheme}://127.0.0.1:6379/0.")
        with needs("redis", f"store '{scheme}://…'"):
            module = import_module(f"{__package__}.redis")
        return cast("Store", module.RedisStore(url, bounds, may_be_partial=may_be_partial, is_read=is_read))
    # The rest of the URL may hold a password.
    raise SettingError(f"store '{scheme}': expected {FORMS}.")


def _path(url: str) -> str:
    """The file of `sqlite:///relative` or `sqlite:////absolute`."""
    path = url.removeprefix("sqlite:///")
    if path == url or not path or "?" in path or "#" in path:
        # What is not shown may be a password.
        raise SettingError("store 'sqlite:': expected sqlite:///file.db, or sqlite:////absolute/file.db.")
    if path == ":memory:":  # to SQLite a name of its own: each connection would have a store for itself
        raise SettingError(f"store '{url}': expected a file. A store in memory is named memory.")
    return unquote(path)

"""Where a path leads: to which provider, and to what of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from specimen.mockserver.app.forwarding import Front, is_host
from specimen.mockserver.app.mounted import Mounted

# Places remembered, and the characters of the longest one: a client that polls repeats it.
_MOST_PLACES, _LONGEST_PLACE = 1024, 256
_HOSTED = ("/_specimen/flow/", "/_specimen/images/", "/_specimen/assets/")


class Place(NamedTuple):
    """Where a path leads.

    `prefix` is what callers write before the provider's paths, that of a proxy included; `rest` is what follows it, and
    `in_document` what of `rest` the document's paths are compared with.
    """

    mounted: Mounted | None
    prefix: str
    rest: str
    origin: str
    is_hosted: bool
    may_be_page: bool
    in_document: str | None


class Places:
    """The places of an application, the latest ones remembered; `port` is where it listens."""

    def __init__(self, mounted: Mapping[str, Mounted], port: int) -> None:
        self._mounted = mounted
        self._port = port
        self._at_root = next(iter(mounted.values())) if len(mounted) == 1 else None
        self._known: dict[tuple[str, Front], Place] = {}

    def is_alone(self, mounted: Mounted) -> bool:
        """Whether a provider is the only one, whose paths answer without its name too."""
        return mounted is self._at_root

    def find(self, path: str, front: Front) -> Place:
        """Where a path leads; a proxy's prefix is no part of it."""
        return self._known.get((path, front)) or self._found(path, front)

    def origin(self, front: Front) -> str:
        """Where the caller reaches the server, a proxy's prefix included; with the host of the request, where it names one."""
        host = front.host if is_host(front.host) else f"127.0.0.1:{self._port}"
        return f"{front.scheme}://{host}{front.prefix}"

    def _found(self, path: str, front: Front) -> Place:
        first, slash, rest = path[1:].partition("/")
        mounted, prefix = self._mounted.get(first), f"/{first}"
        if mounted is not None and not slash:
            mounted, prefix, rest = None, "", path
        elif mounted is None:
            mounted, prefix, rest = self._without_mount(front.host, path)
        else:
            rest = "/" + rest
        base = "" if mounted is None else mounted.base_path
        found = Place(
            mounted, front.prefix + prefix, rest, self.origin(front) + prefix,
            is_hosted=rest.startswith("/_specimen/"),
            may_be_page=rest.startswith(("/openapi.", "/ui"))
            or (mounted is not None and (rest == mounted.key_set or rest in mounted.roots)),
            in_document=rest[len(base) :] if rest.startswith(base) else None,
        )  # fmt: skip
        if len(path) + len(front.host) + len(front.prefix) <= _LONGEST_PLACE:
            if len(self._known) >= _MOST_PLACES:  # callers choose paths and hosts
                self._known.clear()
            self._known[path, front] = found
        return found

    def _without_mount(self, host: str, path: str) -> tuple[Mounted | None, str, str]:
        """The provider that the host's first label names, else the only one; none for the server's own paths."""
        label = host.partition(":")[0].partition(".")[0].lower()
        mounted = self._mounted.get(label) or self._at_root
        if mounted is None or (path.startswith("/_specimen/") and not path.startswith(_HOSTED)):
            return None, "", path
        return mounted, "", path

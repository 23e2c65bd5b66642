"""Heads of requests that came before: a client that polls or creates sends the same one again and again."""

from __future__ import annotations

from typing import Any, NamedTuple

from starlette.types import Scope

from specimen.mockserver.app.mounted import Mounted
from specimen.mockserver.app.places import Place
from specimen.mockserver.app.repeated_request import RepeatedRequest
from specimen.mockserver.app.request_headers import IDEMPOTENCY_KEY, without_key
from specimen.mockserver.http.request_body import HEAD, KEY

# Heads that are remembered, and the characters of the longest one.
_MOST, _LONGEST = 1024, 2048
_KNOWN = "known"

_Asked = tuple[Any, ...]


class KnownHead(NamedTuple):
    """What follows from a head, its Idempotency-Key left out.

    `request` is what it asks for, where that is a read or a create of a store in this process.
    """

    place: Place
    mounted: Mounted
    namespace: str
    headers: dict[str, str]
    request: RepeatedRequest | None


class KnownHeads:
    """What follows from heads by all that they say but their Idempotency-Key; the latest ones, at most so many."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[_Asked, KnownHead] = {}

    def __len__(self) -> int:
        return len(self._known)

    def clear(self) -> None:
        """Forgets all but what connections remember themselves."""
        self._known.clear()

    def find(self, scope: Scope) -> tuple[KnownHead | None, str | None]:
        """What is known of a request's head, and its Idempotency-Key. Where its connection knows the head, no header is read."""
        of_connection: dict[str, Any] | None = scope.get(HEAD)
        if of_connection:
            known, key = of_connection[_KNOWN]
            return known, scope[KEY].decode("latin-1") if KEY in scope else key
        asked, key = _asked(scope)
        known = self._known.get(asked) if _has_headers(asked) else None
        if known is not None and of_connection is not None:
            of_connection[_KNOWN] = known, key
        return known, key

    def remember(self, scope: Scope, place: Place, mounted: Mounted, namespace: str, headers: dict[str, str]) -> None:
        """Keeps what the head of a request says that was routed to an operation; `headers` are its own, by their names."""
        asked, key = _asked(scope)
        if IDEMPOTENCY_KEY in headers and key is None:
            return  # it is in the head that would be remembered, and another one each time
        headers = {name: value for name, value in headers.items() if name != IDEMPOTENCY_KEY}
        if _has_headers(asked) and sum(map(len, headers.values())) + len(scope["path"]) + len(scope["query_string"]) <= _LONGEST:
            if len(self._known) >= _MOST:
                self._known.clear()
            request = RepeatedRequest.of(mounted, place, headers, scope)
            self._known[asked] = KnownHead(place, mounted, namespace, headers, request)


def _asked(scope: Scope) -> tuple[_Asked, str | None]:
    pairs, key = scope["headers"], None
    if scope["method"] == "POST":
        pairs, key = without_key(pairs)
    of_line = scope["path"], scope["query_string"], scope["method"], scope.get("scheme"), scope.get("raw_path")
    return (key is not None, *of_line, *pairs), key


def _has_headers(asked: _Asked) -> bool:
    """Whether its last part is a header, as servers give them: a name and a value that have a hash."""
    return type(asked[-1]) is tuple

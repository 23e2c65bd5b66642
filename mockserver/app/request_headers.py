"""The headers of a request as the application reads them, and the namespace that they name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from specimen.fixtures.recipes.recipe import DEFAULT_NAMESPACE, NAMESPACE_PARAMETER
from specimen.mockserver.sessions.namespaces import NAME_RULE, is_namespace_name

NAMESPACE_HEADER = "specimen-namespace"
IDEMPOTENCY_KEY = "idempotency-key"
NO_NAMESPACE = f"{NAMESPACE_HEADER}: {NAME_RULE}"
_KEY = IDEMPOTENCY_KEY.encode()
_NAMESPACE_QUERY = re.compile(rb"(?:^|&)" + NAMESPACE_PARAMETER.encode() + rb"=([^&]*)")


def request_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names; the values of one that comes twice in one line (RFC 9110, section 5.3)."""
    pairs = list(pairs)
    # White space at the ends of a value is no part of it (RFC 9110, section 5.5), and not every server takes it away.
    headers = {name.decode("latin-1"): value.decode("latin-1").strip(" \t") for name, value in pairs}
    return headers if len(headers) == len(pairs) else _joined(pairs)


def without_key(pairs: Sequence[tuple[bytes, bytes]]) -> tuple[Sequence[tuple[bytes, bytes]], str | None]:
    """Headers without their Idempotency-Key, and its value; all of them, and None, where there is none or more than one."""
    rest: list[tuple[bytes, bytes]] = []
    keys: list[tuple[bytes, bytes]] = []
    for pair in pairs:
        (keys if pair[0] == _KEY else rest).append(pair)
    if len(keys) != 1:
        return pairs, None
    return rest, keys[0][1].decode("latin-1").strip(" \t")


def namespace_name(headers: Mapping[str, str], query: bytes) -> str | None:
    """The namespace that a request names, in its header or else in its query; None for a name that cannot be."""
    name = headers.get(NAMESPACE_HEADER)
    if name is None:
        match = _NAMESPACE_QUERY.search(query) if query else None
        if match is None:
            return DEFAULT_NAMESPACE
        name = match[1].decode("latin-1")
    return name if is_namespace_name(name) else None


def _joined(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1").strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers

"""Rewrites URLs of the target in an answer's headers to the proxy's address."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from specimen.contracts.http.base_url import BaseUrl
from specimen.contracts.traffic.proxy.upstream import Pairs

_HEADERS = frozenset({b"location", b"content-location"})


def rewritten(headers: Pairs, target: BaseUrl, address: str) -> Pairs:
    """Returns headers in which a `Location` below the target is one below `address`, the proxy's host and port."""
    return [
        (name, _rewritten(value.decode("latin-1"), target, address).encode("latin-1") if name.lower() in _HEADERS else value)
        for name, value in headers
    ]


def _rewritten(url: str, target: BaseUrl, address: str) -> str:
    if url.startswith("/") and not url.startswith("//"):
        is_below = bool(target.path) and (url == target.path or url.startswith((target.path + "/", target.path + "?")))
        return url[len(target.path) :] or "/" if is_below else url
    below = target.below(url)
    if below is None:
        return url
    return urlunsplit(("http", address, below[0], below[1], urlsplit(url).fragment))

"""Where the sandbox is served, as a command is told."""

from __future__ import annotations

from urllib.parse import urlsplit

from specimen.mockserver.errors import SettingError


def checked_sandbox_url(url: str) -> str:
    """The value of `--url` without a slash at its end.

    Raises:
        SettingError: it is no URL of the web, or has a query.
    """
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
    except ValueError:
        is_url = False
    if not is_url or any(one.isspace() for one in url):
        raise SettingError(f"--url '{url}': expected one such as http://127.0.0.1:8080.")
    return url.rstrip("/")

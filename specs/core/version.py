"""The version of the installed product."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "specimen-kyc"
UNINSTALLED = "0.0.0+source"


def user_agent() -> str:
    """What our own requests say of themselves (RFC 9110, section 10.1.5)."""
    return f"specimen/{product_version()}"


@cache
def product_version() -> str:
    """The version of the installed distribution; `0.0.0+source` where the sources run without being installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return UNINSTALLED

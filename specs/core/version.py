"""The version of the installed product."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "specimen-kyc"
UNINSTALLED = "0.0.0+source"


@cache
def product_version() -> str:
    """The version of the installed distribution; `0.0.0+source` where the sources run without being installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return UNINSTALLED

"""What an extra of this distribution brings, and the sentence that says how to install it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from specimen.specs.core.errors import SpecimenError

# By extra: the names to show, and the modules that only it brings.
EXTRAS: dict[str, dict[str, str]] = {
    "contracts": {"hypothesis": "Hypothesis", "openapi_core": "openapi-core", "schemathesis": "Schemathesis"},
    "dataset": {"pyarrow": "PyArrow"},
    "pictures": {"PIL": "Pillow"},
    "redis": {"redis": "redis-py"},
    "tls": {"trustme": "trustme"},
    "webhooks": {"cryptography": "cryptography", "joserfc": "joserfc"},
}


class MissingExtra(SpecimenError, ImportError):
    """Something was asked for that an extra brings, which is not installed."""


@contextlib.contextmanager
def needs(extra: str, what: str, otherwise: str = "") -> Iterator[None]:
    """Imports within may fail because an extra is not installed; `otherwise` says how to do without it.

    Raises:
        MissingExtra: a module that the extra brings is missing; it says what needs it and the line that installs it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        found = EXTRAS[extra].get((error.name or "").partition(".")[0])
        if found is None:
            raise
        how = f"pip install 'specimen-kyc[{extra}]'" + (f", or {otherwise}" if otherwise else "")
        raise MissingExtra(f"{what} needs {found}, which is not installed: {how}") from error

"""What the vendors document: one folder per provider, loaded into frozen values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specimen.specs.core.errors import SpecError, SpecimenError
from specimen.specs.core.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from specimen.specs.loading.lifecycle import Lifecycle
    from specimen.specs.loading.openapi import Document, Operation
    from specimen.specs.loading.providers import ENTRY_POINT_GROUP, SEARCH_PATH_VARIABLE, Provider, load, names

__all__ = [
    "ENTRY_POINT_GROUP",
    "SEARCH_PATH_VARIABLE",
    "Document",
    "Lifecycle",
    "Operation",
    "Provider",
    "SpecError",
    "SpecimenError",
    "load",
    "names",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "loading.lifecycle": ("Lifecycle",),
        "loading.openapi": ("Document", "Operation"),
        "loading.providers": ("ENTRY_POINT_GROUP", "SEARCH_PATH_VARIABLE", "Provider", "load", "names"),
    },
)

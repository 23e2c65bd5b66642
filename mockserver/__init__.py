"""A sandbox of KYC vendors that runs on a laptop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from specimen.mockserver.app import connexion_app
    from specimen.mockserver.settings import Pace, Settings

__all__ = ["Pace", "Settings", "connexion_app"]


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first asked for: the pytest plugins import this package in every run."""
    from importlib import import_module  # noqa: PLC0415

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{'app' if name == 'connexion_app' else 'settings'}"), name)

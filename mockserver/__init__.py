"""A sandbox of KYC vendors that runs on a laptop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specimen.specs.core.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from specimen.mockserver.app import App, build_app, connexion_app
    from specimen.mockserver.http.server import running
    from specimen.mockserver.settings import Pace, Settings

__all__ = ["App", "Pace", "Settings", "build_app", "connexion_app", "running"]

# The pytest plugins import this package in every run.
__getattr__ = lazy_exports(
    __name__,
    {"app": ("App", "build_app", "connexion_app"), "http.server": ("running",), "settings": ("Pace", "Settings")},
)

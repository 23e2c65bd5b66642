"""The composition root: settings in, one ASGI application out."""

from __future__ import annotations

from specimen.mockserver.app.application import App, build_app
from specimen.mockserver.app.mounted import Mounted
from specimen.mockserver.app.stock_connexion import connexion_app

__all__ = ["App", "Mounted", "build_app", "connexion_app"]

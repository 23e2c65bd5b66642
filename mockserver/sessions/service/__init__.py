"""Sessions as the handlers of a provider use them."""

from __future__ import annotations

from specimen.mockserver.sessions.service.sessions import Completion, Sessions

__all__ = ["Completion", "Sessions"]

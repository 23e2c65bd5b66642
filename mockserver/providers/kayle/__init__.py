"""Kayle ID: sessions, and the operations on webhooks."""

from specimen.mockserver.providers.kayle import sessions, webhook_deliveries, webhook_endpoints
from specimen.mockserver.providers.kayle.sessions import authenticate as authenticate
from specimen.mockserver.providers.kayle.sessions import render_error as render_error

# The modules that have the handlers.
parts = (sessions, webhook_endpoints, webhook_deliveries)

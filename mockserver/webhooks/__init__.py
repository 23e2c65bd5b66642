"""Webhooks: what the mock sends when a session moves."""

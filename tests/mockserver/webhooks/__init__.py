"""Webhooks that the mock sends."""

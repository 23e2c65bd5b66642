"""Webhooks as a receiver sees them."""

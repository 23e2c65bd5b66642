"""Broken implementations, one module per provider."""

"""Errors, files and texts, used by all other packages."""

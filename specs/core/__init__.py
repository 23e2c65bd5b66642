"""Errors, files and texts that every other package uses."""

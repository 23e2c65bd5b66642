"""Writes reports: one module for each format, and the registry of formats."""

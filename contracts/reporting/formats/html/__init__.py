"""Writes reports as one HTML file."""

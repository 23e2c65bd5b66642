"""Reads a provider's files into frozen values."""

"""Preferences: the outcomes that a caller can ask for."""

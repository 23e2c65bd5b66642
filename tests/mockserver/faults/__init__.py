"""Faults, as clients see them."""

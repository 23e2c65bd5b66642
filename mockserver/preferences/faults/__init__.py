"""Faults: answers that are late, broken, refused or wrong on purpose."""

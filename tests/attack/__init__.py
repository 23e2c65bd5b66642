"""Attacks the mock and the judge, within three minutes: `make attack`."""

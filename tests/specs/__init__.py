"""Tests of `specs`."""

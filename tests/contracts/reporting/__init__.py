"""Tests of `contracts/reporting`."""

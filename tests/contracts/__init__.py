"""Tests of the judge and its ways in."""

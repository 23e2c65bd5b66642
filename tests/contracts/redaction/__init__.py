"""Tests of `contracts/redaction`."""

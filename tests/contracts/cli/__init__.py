"""Tests of `contracts/cli`."""

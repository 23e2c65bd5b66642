"""Tests of `contracts/verify`."""

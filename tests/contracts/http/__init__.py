"""Tests of `contracts/http`."""

"""Tests of `contracts/requests`."""

"""Tests of `contracts/traffic`."""

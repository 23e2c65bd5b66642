"""Tests of `contracts/judge`."""

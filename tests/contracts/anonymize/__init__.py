"""Tests of `contracts/anonymize`."""

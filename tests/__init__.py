"""Tests, benchmarks and the tools that remake and check the repo's data."""

"""Judges exchanges that others make: proxy, poller, recordings, tests."""

"""Collects what was found and writes it as a report."""

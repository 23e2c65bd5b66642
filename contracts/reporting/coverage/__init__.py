"""Counts what a run exercised: operations, status codes, states, transitions and rules."""

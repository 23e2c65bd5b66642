"""Sends requests within what is safe for the host."""

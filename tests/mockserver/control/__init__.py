"""The control API, from outside."""

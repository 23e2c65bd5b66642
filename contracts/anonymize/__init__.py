"""Anonymizes recorded exchanges so that they can still be judged."""

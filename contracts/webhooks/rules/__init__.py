"""Judges what an implementation sends: each delivery, the events of a session together, and when a refused one comes again."""

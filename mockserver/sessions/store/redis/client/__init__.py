"""A client of Redis, alone or as a cluster."""

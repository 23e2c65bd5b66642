"""One module per provider: its handlers, its credentials, its form of an error."""

"""One module per provider: its handlers, credentials and error bodies."""

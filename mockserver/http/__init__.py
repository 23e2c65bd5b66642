"""HTTP messages: bodies read, answers written, the server that listens."""

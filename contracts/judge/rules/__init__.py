"""One module per provider: the rules that JSON Schema cannot state."""

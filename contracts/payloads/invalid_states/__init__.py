"""The combinations of fields that each provider's rules forbid, one module per provider."""

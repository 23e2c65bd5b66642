"""Sessions are moved and narrowed without contradicting themselves."""

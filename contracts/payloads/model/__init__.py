"""What an edge case is: a valid payload, a field, a mutation, a case type."""

"""Brings sessions into a state: none, our mock's `Prefer` header, or a user's command."""

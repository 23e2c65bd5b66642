"""Edge-case payloads."""

"""What a caller can ask for, and the ways to ask."""

"""Makes the cases: catalogue, selection, strategies, expected outcomes."""

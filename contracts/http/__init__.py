"""HTTP exchanges and their parts."""

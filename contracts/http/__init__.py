"""HTTP exchanges and their parts, whoever observed them."""

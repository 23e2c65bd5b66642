"""One module per provider, and one for the general rules: valid exchanges with one thing broken."""

"""One module per provider, and one for the general rules: lawful exchanges with one thing broken."""

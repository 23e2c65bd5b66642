"""The benchmark: the mock against a bare ASGI function, stock Connexion, and its peers."""

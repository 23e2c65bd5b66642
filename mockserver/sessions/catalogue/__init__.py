"""The catalogue of sessions that exist on every machine, and the requests that lead to them."""

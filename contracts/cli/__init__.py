"""The commands `verify`, `rules`, `watch`, `proxy`, `check` and `payloads`."""

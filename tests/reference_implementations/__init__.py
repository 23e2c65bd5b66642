"""Two small implementations of vendors' APIs that share nothing with the mock: they follow the vendors' public pages alone."""

"""Cases as files, scripts and requests."""

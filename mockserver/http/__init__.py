"""HTTP: reads request bodies, writes responses, runs the server."""

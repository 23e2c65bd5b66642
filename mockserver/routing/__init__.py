"""From a request to its operation, and from the operation to its answer."""

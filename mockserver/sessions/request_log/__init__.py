"""The request log: the latest exchanges, shown without credentials and document data, and questions about them."""

"""Validates requests and answers by the schemas of the document, and says what a schema requires and what came."""

"""Values, terms and commands as a report may show them."""

"""One module per family of edge cases: `edges(place, base)` yields those that apply to a field."""

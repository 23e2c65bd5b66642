"""One module per family of edge cases: `edges(place, base)` gives those that apply to a place."""

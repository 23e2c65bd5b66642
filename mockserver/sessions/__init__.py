"""Sessions: records, their creation and transitions, and the store that keeps them."""

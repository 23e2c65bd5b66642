"""The page for people: a client of the control API's own functions that keeps no state of its own."""

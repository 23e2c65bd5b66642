"""What faults do: to one answer, to the reads of a session by a script, and to the session that a request creates."""

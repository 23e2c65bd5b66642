"""The control API: sessions, clock, faults, request log and namespaces of a running mock, from any language."""

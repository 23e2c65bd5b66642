"""Clients of the control API, public as `specimen.client`."""

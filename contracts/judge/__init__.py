"""Decides whether an exchange keeps the contract."""

"""Steering: sessions moved and narrowed by a caller, such that no answer contradicts an earlier one."""

"""Tests an implementation in a fixed order: valid, invalid and repeated requests, and requests that must be refused."""

"""Tests an implementation: lifecycle, negative, stateful and Schemathesis."""

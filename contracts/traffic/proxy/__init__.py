"""Stands between an app and the vendor, and judges each exchange."""

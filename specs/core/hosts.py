"""Names and addresses of hosts: in their one spelling, and which are this machine."""

from __future__ import annotations

import ipaddress
import re

# RFC 1123, section 2.1; underscores are in the names of containers.
_NAME = re.compile(r"(?=.{1,253}\.?$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\.?")


def host_name(text: str) -> str | None:
    """A host's name or address in small letters and ASCII, an IPv6 address without brackets; None where it is neither."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") and ":" in text else text
    try:
        found = bare.lower() if bare.isascii() else bare.encode("idna").decode().lower()
    except UnicodeError:  # an empty or too long label, or what is no text
        return None
    if _NAME.fullmatch(found):
        return found
    try:
        ipaddress.ip_address(found)
    except ValueError:
        return None
    return found


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name alone; a name that needs DNS is not, such as `127.example.com`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

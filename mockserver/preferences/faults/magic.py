"""Magic values that ask for a fault, where no header can be sent: `specimen.fault-status-503` in the vendor's free field."""

from __future__ import annotations

import re
from hashlib import sha256

from specimen.mockserver.errors import InvalidPreference
from specimen.mockserver.preferences.faults.names import UnknownName, check_names
from specimen.mockserver.preferences.faults.rules import FaultRule, InvalidFault, from_text, kinds
from specimen.specs import Provider

ALIAS_PREFIX = "fault-"
# The first four bytes of an address that asks for a fault; its text follows, closed by a zero byte, and what makes it unique.
ADDRESS_PREFIX = sha256(b"specimen.fault").hexdigest()[:8]
_MOST_ADDRESS_BYTES = 16
_TEXT = rb"([a-z_]{1,40})(?:-([0-9A-Za-z_-]{1,100}))?"
# In a dotted value, or in the query of a URL.
_WRITTEN = re.compile(rb"specimen[.=]" + ALIAS_PREFIX.encode() + _TEXT)
_ADDRESS = re.compile(rb"0x" + ADDRESS_PREFIX.encode() + rb"([0-9a-f]{32})(?![0-9a-f])", re.IGNORECASE)


def names_fault(raw: bytes, provider: Provider) -> bool:
    """Whether a create request's body has the form of a magic value that asks for a fault, there is such a one or not."""
    magic = provider.lifecycle.magic
    return magic is not None and (_ADDRESS if magic.form == "address" else _WRITTEN).search(raw) is not None


def fault_in(raw: bytes, provider: Provider) -> FaultRule | None:
    """The fault that a magic value in a create request's body names.

    Raises:
        InvalidPreference: the value has the form, but there is no such fault.
    """
    magic = provider.lifecycle.magic
    if magic is None:
        return None
    if magic.form == "address":
        found = _ADDRESS.search(raw)
        text = None if found is None else bytes.fromhex(found[1].decode()).partition(b"\0")[0]
        match = None if text is None else re.fullmatch(_TEXT, text)
        if text is not None and match is None:
            raise InvalidPreference("magic", f"fault {text!r}", tuple(kinds()))
    else:
        match = _WRITTEN.search(raw)
    if match is None:
        return None
    name, value = (part.decode() for part in match.groups(b""))
    try:
        rule = from_text(f"{name}:{value}" if value else name)
    except InvalidFault:
        raise InvalidPreference("magic", f"fault-{name}", tuple(kinds())) from None
    try:
        check_names(rule, {provider.name: provider})
    except UnknownName as error:
        possible = [entry for names in error.possible.values() for entry in names]
        raise InvalidPreference("magic", f"fault-{name}-{value}", possible, str(error)) from None
    return rule


def magic_fault(provider: Provider, text: str, free: str = "1") -> str | None:
    """The magic value that asks a provider for a fault as `Prefer: fault=` names it; `free` (hexadecimal) makes it unique.

    None where the provider has no free field.

    Raises:
        InvalidFault: there is no such fault, or the provider's field cannot hold it.
    """
    from_text(text)
    magic = provider.lifecycle.magic
    if magic is None:
        return None
    written = text.replace(":", "-", 1)
    if re.fullmatch(_TEXT, written.encode()) is None:
        raise InvalidFault(f"fault '{text}': a magic value has letters, digits, '_' and '-'. Use `Prefer: fault={text}`.")
    if magic.form == "address":
        if len(written) > _MOST_ADDRESS_BYTES:
            raise InvalidFault(f"fault '{text}': an address holds {_MOST_ADDRESS_BYTES} characters. Use `Prefer: fault={text}`.")
        digits = written.encode().hex().ljust(2 * _MOST_ADDRESS_BYTES, "0")
        room = max(0, len(digits) - 2 * len(written) - 2)  # behind the zero byte
        return f"0x{ADDRESS_PREFIX}{digits[: len(digits) - room]}{free[:room].rjust(room, '0')}"
    if magic.form == "query":
        return f"https://example.com/done?specimen={ALIAS_PREFIX}{written}.{free}"
    return f"specimen.{ALIAS_PREFIX}{written}.{free}"

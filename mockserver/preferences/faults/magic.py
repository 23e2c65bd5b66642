"""Magic values that ask for a fault, where no header can be sent: `specimen.fault-status-503` in the vendor's free field."""

from __future__ import annotations

import re
from hashlib import sha256

from specimen.mockserver.errors import InvalidPreference
from specimen.mockserver.preferences.faults.drifts import Drift, drifts_of
from specimen.mockserver.preferences.faults.names import UnknownName, check_names, drift_of
from specimen.mockserver.preferences.faults.rules import FaultRule, InvalidFault, from_text, kinds
from specimen.specs import Provider

ALIAS_PREFIX = "fault-"
# The first four bytes of an address that asks for a fault; its text follows, closed by a zero byte, and what makes it unique.
ADDRESS_PREFIX = sha256(b"specimen.fault").hexdigest()[:8]
_MOST_ADDRESS_BYTES = 16
_OF_READS = frozenset({"stuck", "stale", "script"})
_OF_LISTS = frozenset({"duplicated_row"})
_TEXT = rb"([a-z_]{1,40})(?:-([0-9A-Za-z_+-]{1,100}))?"
# What follows the dot makes the value unique; behind a whole number it is a fraction, where it is no more than digits.
_FRACTION = re.compile(rb"\.[0-9]{1,6}(?![0-9A-Za-z_+-])")
_OF_FRACTIONS = frozenset({"seconds", "share_sent"})
_ADDRESS_TEXT = _TEXT.replace(b"_+-]", b"_+.-]")  # an address has no dot that ends the text
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
        InvalidPreference: the value has the form, but there is no such fault, or none of a session's creation and reads.
    """
    magic = provider.lifecycle.magic
    if magic is None:
        return None
    if magic.form == "address":
        found = _ADDRESS.search(raw)
        text = None if found is None else bytes.fromhex(found[1].decode()).partition(b"\0")[0]
        match = None if text is None else re.fullmatch(_ADDRESS_TEXT, text)
        if text is not None and match is None:
            raise InvalidPreference("magic", f"fault {text!r}", tuple(kinds()))
    else:
        match = _WRITTEN.search(raw)
    if match is None:
        return None
    name, value = (part.decode() for part in match.groups(b""))
    if magic.form != "address" and value.isdecimal() and _takes_fraction(name):
        fraction = _FRACTION.match(raw, match.end())
        value += fraction[0].decode() if fraction is not None else ""
    try:
        rule = from_text(f"{name}:{value}" if value else name)
    except InvalidFault:
        raise InvalidPreference("magic", f"fault-{name}", tuple(kinds())) from None
    try:
        check_names(rule, {provider.name: provider})
    except UnknownName as error:
        possible = [entry for names in error.possible.values() for entry in names]
        raise InvalidPreference("magic", f"fault-{name}-{value}", possible, str(error)) from None
    problem = without_effect(rule, provider)
    if problem is not None:
        possible = [entry for names in problem.possible.values() for entry in names]
        raise InvalidPreference("magic", f"fault-{name}-{value}".rstrip("-"), possible, str(problem))
    return rule


def is_for_reads(rule: FaultRule, provider: Provider) -> bool:
    """Whether a fault that a magic value names is for the reads of the session that the request creates, not for the request."""
    if rule.kind == "drift":
        drift = drift_of(provider, rule.what["drift"])
        return drift is not None and provider.lifecycle.create.operation not in drift.operations
    return rule.kind in _OF_READS


def without_effect(rule: FaultRule, provider: Provider) -> UnknownName | None:
    """Why a fault can act neither on the request that creates a session nor on reads of that session; None where it can."""
    if rule.kind == "drift":
        drift = drift_of(provider, rule.what["drift"])
        if drift is None or _is_seen(drift, provider):
            return None
        possible = [name for name, one in drifts_of(provider).items() if _is_seen(one, provider)]
    elif rule.kind in _OF_LISTS:
        possible = [name for name in kinds() if name not in _OF_LISTS]
    else:
        return None
    what = "a magic value is for a session's creation and its reads, none of which shows this fault"
    named = f"drift:{rule.what['drift']}" if rule.kind == "drift" else rule.kind
    return UnknownName(f"fault '{named}': {what}. Possible: {', '.join(possible)}.", {rule.kind: possible})


def _is_seen(drift: Drift, provider: Provider) -> bool:
    """Whether a drift changes answers that show a session that is there."""
    lifecycle = provider.lifecycle
    shown_by = {lifecycle.create.operation, *(read.operation for read in lifecycle.reads)}
    return drift.status < 300 and not shown_by.isdisjoint(drift.operations)


def _takes_fraction(name: str) -> bool:
    kind = kinds().get(name)
    return kind is not None and kind.value in _OF_FRACTIONS


def magic_fault(provider: Provider, text: str, free: str = "1") -> str | None:
    """The magic value that asks a provider for a fault as `Prefer: fault=` names it; `free` (hexadecimal) makes it unique.

    None where the provider has no free field.

    Raises:
        InvalidFault: there is no such fault, it is none of a session's creation and reads, or the field cannot hold it.
    """
    rule = from_text(text)
    problem = without_effect(rule, provider)
    if problem is not None:
        raise problem
    magic = provider.lifecycle.magic
    if magic is None:
        return None
    written = text.replace(":", "-", 1)
    plain = written
    if _takes_fraction(rule.kind):
        plain, _, fraction = written.partition(".")
        if plain[-1].isdecimal() and magic.form != "address":
            written = f"{plain}.{fraction or 0}"  # so that what makes it unique is no fraction
    if re.fullmatch(_TEXT, plain.encode()) is None:
        raise InvalidFault(f"fault '{text}': a magic value has letters, digits, '_', '+' and '-'. Use `Prefer: fault={text}`.")
    if magic.form == "address":
        if len(written) > _MOST_ADDRESS_BYTES:
            raise InvalidFault(f"fault '{text}': an address holds {_MOST_ADDRESS_BYTES} characters. Use `Prefer: fault={text}`.")
        digits = written.encode().hex().ljust(2 * _MOST_ADDRESS_BYTES, "0")
        room = max(0, len(digits) - 2 * len(written) - 2)  # behind the zero byte
        return f"0x{ADDRESS_PREFIX}{digits[: len(digits) - room]}{free[:room].rjust(room, '0')}"
    if magic.form == "query":
        return f"https://example.com/done?specimen={ALIAS_PREFIX}{written}.{free}"
    return f"specimen.{ALIAS_PREFIX}{written}.{free}"

"""The role and the format of an identifier field, and a sample of that format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from specimen.contracts.payloads.model.fields import PayloadField
from specimen.contracts.payloads.model.valid_payloads import RESPONSE, Base, ignored_fields
from specimen.contracts.requests.request_templates import unknown
from specimen.specs.loading.lifecycle import IdForm

ROLES = frozenset({"session_id", "id", "client_key", "idempotency_key", "cursor"})
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
# An unknown UUID of version 4; of version 1 where the field needs that.
_UUID4, _UUID1 = "5d0d8a1e-6b1f-4c7a-9e3b-0c1fa2b4d6e8", "b2f3a9c0-23a1-11f1-8c4d-a1b2c3d4e5f6"
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_PREFIXED = re.compile(r"([A-Za-z]{2,8}_)([0-9A-Za-z]{8,})", re.ASCII)


@dataclass(frozen=True)
class Subject:
    """A field that holds an identifier.

    Attributes:
        role: what field_semantics.yaml says that it holds.
        own: the valid text that a malformed one is made of; a placeholder where the id is filled in when the request is sent.
        sample: a text of the field's format; an unknown id where `own` is a placeholder.
        form: of an id with a prefix, its form; None for any other.
    """

    place: PayloadField
    base: Base
    role: str
    own: str
    sample: str
    form: IdForm | None

    @property
    def is_placeholder(self) -> bool:
        """Whether the valid id is known only when the request is sent."""
        return self.own != self.sample

    @cached_property
    def is_uuid(self) -> bool:
        """Whether the field holds a UUID."""
        return self.role in ("session_id", "id") and UUID.fullmatch(self.sample) is not None

    @cached_property
    def is_echoed(self) -> bool:
        """Whether the answer must repeat the requested id in this field."""
        reads = self.base.provider.lifecycle.reads
        is_read = any(read.operation == self.base.operation.id and read.id == self.place.pointer for read in reads)
        return self.base.direction == RESPONSE and is_read

    def can_be_sent(self, text: str) -> bool:
        """Whether a client can send the text: no empty segment in a path, and in a header what RFC 9110 allows in a field."""
        section = self.place.parts[0] if self.base.direction != RESPONSE else ""
        if section == "path":
            return text not in ("", ".", "..")
        return section != "headers" or (text.isascii() and text.isprintable() and text == text.strip())

    def breaks_twice(self, text: str) -> bool:
        """Whether the text would break two rules: the format of the id, and the repetition of the requested one."""
        return self.is_echoed and not self.fits(text)

    def fits(self, text: str) -> bool:
        """Whether the schemas' pattern, format and lengths allow the text."""
        for node in self.place.nodes:
            if "pattern" in node and not re.search(_whole_text(node["pattern"]), text):
                return False
            if node.get("format") == "uuid" and not UUID.fullmatch(text):
                return False
            if not node.get("minLength", 0) <= len(text) <= node.get("maxLength", len(text)):
                return False
        return True


def _whole_text(pattern: str) -> str:
    """Translates a pattern of ECMA-262: `$` is the end of the text, not also the place before a last newline."""
    return re.sub(r"(?<!\\)\$", r"\\Z", pattern)


def subject(place: PayloadField, base: Base) -> Subject | None:
    """Returns the identifier in a field; None where there is none, or where the service may ignore it."""
    if place.holds not in ROLES or "string" not in place.types or _is_ignored(place, base):
        return None
    own = place.value if isinstance(place.value, str) else None
    named = None if own is None else _PLACEHOLDER.fullmatch(own)
    ids = base.provider.lifecycle.ids
    if named is not None and named[1] in ids:
        sample = unknown(base.provider, named[1])
        return Subject(place, base, place.holds, own or "", sample, _form(place, sample, ids))
    text = own or _default_id(place)
    return Subject(place, base, place.holds, text, text, _form(place, text, ids))


def _is_ignored(place: PayloadField, base: Base) -> bool:
    """Whether the document lets a service ignore the field beside another one."""
    is_body = base.direction != RESPONSE and place.parts[:1] == ("body",)
    return is_body and place.name in ignored_fields(base.provider, base.pointer, base.payload.get("body"))


def _default_id(place: PayloadField) -> str:
    """Returns a valid text for an absent field."""
    if place.holds in ("client_key", "idempotency_key"):
        return "specimen-key-1"
    pattern = place.keyword("pattern")
    if place.keyword("format") == "uuid":
        return _UUID4
    return next((text for text in ("specimen", _UUID1, _UUID4) if pattern is None or re.search(pattern, text)), "specimen")


def _form(place: PayloadField, sample: str, ids: Mapping[str, IdForm]) -> IdForm | None:
    """Returns the format of an id with a prefix, from lifecycle.yaml or from the id itself."""
    if place.holds not in ("session_id", "id"):
        return None
    for form in ids.values():
        if form.kind == "prefixed" and form.prefix and sample.startswith(form.prefix):
            return form
        if form.kind == "prefixed" and not form.prefix and len(sample) == form.length and sample.isalnum() and sample.islower():
            return form
    found = _PREFIXED.fullmatch(sample)
    return IdForm("prefixed", found[1], len(found[2]), "lower") if found else None

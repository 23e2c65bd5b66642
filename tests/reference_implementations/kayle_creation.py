"""What Kayle ID's public pages say of a create request: its codes, and the share fields that come of it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

# What this customer has; no other endpoint can be chosen.
ENDPOINTS = frozenset({"we_orders", "we_audit"})
LABELS = {
    "document_type_code": "Document Type Code",
    "issuing_country_code": "Issuing Country Code",
    "family_name": "Family Name",
    "given_names": "Given Names",
    "document_number": "Document Number",
    "nationality_code": "Nationality Code",
    "date_of_birth": "Date of Birth",
    "sex_marker": "Sex Marker",
    "document_expiry_date": "Document Expiry Date",
    "mrz_optional_data": "MRZ Optional Data",
    "kayle_document_id": "Kayle Document ID",
    "kayle_human_id": "Kayle Human ID",
}


class Refused(Exception):
    """A create request that the page's list of codes names."""


def shares(asked: Any) -> dict[str, Any]:
    """The effective share fields of what a create request asks for."""
    if asked is None or asked == {}:
        return {name: share(name, name == "kayle_document_id", None) for name in LABELS}
    if not isinstance(asked, dict):
        raise Refused("INVALID_SHARE_FIELDS")
    if len(asked) > 32:
        raise Refused("TOO_MANY_SHARE_FIELDS")
    gates = [name for name in asked if name.startswith("age_over_")]
    for name, entry in asked.items():
        if name in gates:
            years = name.removeprefix("age_over_")
            if not re.fullmatch(r"[1-9][0-9]{1,2}", years) or not 12 <= int(years) <= 130:
                raise Refused("INVALID_AGE_GATE_KEY")
        elif name not in LABELS:
            raise Refused("UNKNOWN_CLAIM_KEY")
        if not isinstance(entry, dict) or not isinstance(entry.get("required"), bool):
            raise Refused("INVALID_SHARE_FIELDS")
        if not isinstance(entry.get("reason"), str) or not entry["reason"].strip():
            raise Refused("REASON_REQUIRED")
        if len(entry["reason"]) > 200:
            raise Refused("REASON_TOO_LONG")
    if len(gates) > 1:
        raise Refused("MULTIPLE_AGE_GATES_NOT_ALLOWED")
    found = {name: share(name, entry["required"], entry["reason"]) for name, entry in asked.items()}
    pair = [name for name in (*gates, "date_of_birth") if name in found]
    if len(pair) == 2 and any(found[name]["required"] for name in pair):
        for name in pair:
            found[name]["required"] = True
    found["kayle_document_id"] = {**found.get("kayle_document_id", share("kayle_document_id", True, None)), "required": True}
    return found


def share(name: str, required: bool, reason: str | None) -> dict[str, Any]:
    """One effective share field; without a reason it is a default."""
    source = "default" if reason is None else "rc"
    return {"required": required, "reason": reason or f'Sharing "{LABELS.get(name, name)}"', "source": source}


def redirect(url: Any) -> str | None:
    """An https URL of at most 2048 characters."""
    if url is None:
        return None
    if not isinstance(url, str) or len(url) > 2048 or re.search(r"\s", url):
        raise Refused("INVALID_REDIRECT_URL")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise Refused("INVALID_REDIRECT_URL") from error
    if parts.scheme != "https" or not parts.hostname:
        raise Refused("INVALID_REDIRECT_URL")
    return url


def endpoints(body: dict[str, Any]) -> Any:
    """One webhook endpoint of this customer, up to 25, or none."""
    if "webhook_endpoint_id" not in body:
        return None
    asked = body["webhook_endpoint_id"]
    items = asked if isinstance(asked, list) else [asked]
    if not 1 <= len(items) <= 25 or not all(isinstance(item, str) and item in ENDPOINTS for item in items):
        raise Refused("WEBHOOK_ENDPOINT_UNAVAILABLE")
    return asked

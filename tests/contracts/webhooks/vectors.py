"""Deliveries that other libraries have made: the HMACs by OpenSSL and Node.js, the JWE by jwcrypto, the JWT by Node.js."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
SECRET: str = VECTORS["secret"]
SENT_AT: int = VECTORS["t"]
KAYLE_KEYS = {"secret": SECRET, "private_key": VECTORS["private_key"]}


def kyve() -> tuple[dict[str, str], bytes, Any]:
    """Headers, body and key of a delivery of Kyve."""
    headers = {"KYC-Signature": f"t={SENT_AT},v1={VECTORS['kyve_signature']}", "KYC-Event-Id": "evt_vector"}
    return headers, VECTORS["kyve_body"].encode(), SECRET


def kayle() -> tuple[dict[str, str], bytes, Any]:
    """The same of Kayle ID."""
    return {"X-Kayle-Signature": f"t={SENT_AT},v1={VECTORS['kayle_signature']}"}, VECTORS["jwe"].encode(), KAYLE_KEYS


def idnow() -> tuple[dict[str, str], bytes, Any]:
    """The same of IDnow."""
    return {}, VECTORS["jwt"].encode(), VECTORS["jwks"]


DELIVERIES = {"kyve": kyve, "kayle": kayle, "idnow": idnow}

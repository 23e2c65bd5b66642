"""Verifies the webhooks that a KYC vendor sends: `specimen.webhooks.verify("kyve", headers, body, secret)`."""

from __future__ import annotations

from specimen.contracts.webhooks.errors import (
    InvalidBody,
    MalformedSignature,
    MissingHeader,
    OutsideTolerance,
    Replayed,
    Undecryptable,
    UnknownKey,
    WebhookError,
    WrongAlgorithm,
    WrongSignature,
)
from specimen.contracts.webhooks.verification import VerifiedDelivery, verify

__all__ = [
    "InvalidBody",
    "MalformedSignature",
    "MissingHeader",
    "OutsideTolerance",
    "Replayed",
    "Undecryptable",
    "UnknownKey",
    "VerifiedDelivery",
    "WebhookError",
    "WrongAlgorithm",
    "WrongSignature",
    "verify",
]

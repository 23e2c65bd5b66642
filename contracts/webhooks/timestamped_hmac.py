"""Verifies `t=<unix seconds>,v1=<hex>` signatures."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence

from specimen.contracts.webhooks.errors import MalformedSignature, OutsideTolerance, WrongSignature

_TIME = re.compile(r"[0-9]{1,12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOST_CHARACTERS = 4096


def check_signature(value: str, header: str, body: bytes, secrets: Sequence[str], now: float, tolerance_seconds: int) -> int:
    """Returns when the delivery was sent, in seconds since the epoch, if one of the secrets has made its signature.

    The comparison takes the same time wherever the digests differ.

    Raises:
        MalformedSignature: the value has another form.
        WrongSignature: none of the secrets made it.
        OutsideTolerance: it is genuine and was sent too long ago, or too far in the future.
    """
    shape = f"{header}: expected `t=<unix seconds>,v1=<64 hex digits>`"
    if len(value) > _MOST_CHARACTERS:
        raise MalformedSignature(f"{shape}, got {len(value)} characters.")
    times: list[str] = []
    digests: list[str] = []
    for part in value.split(","):
        name, equals, content = part.strip().partition("=")
        if not equals:
            raise MalformedSignature(f"{shape}, got a part without `=`.")
        if name == "t":
            times.append(content)
        elif name == "v1":
            digests.append(content)
    if len(times) != 1 or not _TIME.fullmatch(times[0]):
        raise MalformedSignature(f"{shape}, got {'no' if not times else 'no single, numeric'} `t`.")
    if not digests or not all(_DIGEST.fullmatch(digest) for digest in digests):
        raise MalformedSignature(f"{shape}, got {'no' if not digests else 'another form of'} `v1`.")
    signed = times[0].encode("ascii") + b"." + body
    genuine = False
    for secret in secrets:
        expected = hmac.new(secret.encode("utf-8"), signed, hashlib.sha256).hexdigest()
        for digest in digests:
            genuine |= hmac.compare_digest(expected, digest)
    if not genuine:
        raise WrongSignature(
            f"{header}: the signature is by another secret, or the body was changed on its way. Verify the bytes as they came, "
            "not JSON that was read and written again."
        )
    sent_at = int(times[0])
    check_time(sent_at, now, tolerance_seconds, f"{header}: t={sent_at}")
    return sent_at


def check_time(sent_at: int, now: float, tolerance_seconds: int, what: str) -> None:
    """Refuses a time of sending that differs from `now` by more than the tolerance.

    Raises:
        OutsideTolerance: it does.
    """
    age = now - sent_at
    if age > tolerance_seconds:
        raise OutsideTolerance(f"{what} is {age:.0f} s ago; the vendor allows {tolerance_seconds} s.", age)
    if -age > tolerance_seconds:
        raise OutsideTolerance(f"{what} is {-age:.0f} s in the future; the vendor allows {tolerance_seconds} s.", age)

"""The keys that commands on webhooks are given, as a secret or in a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from specimen.contracts.webhooks.forging import SenderKeys
from specimen.contracts.webhooks.jose import require_extra
from specimen.contracts.webhooks.verification import Keys, webhooks_of
from specimen.specs import SpecimenError
from specimen.specs.core.terminal_text import shown


def _read(name: str, path: Path | None) -> dict[str, Any]:
    """The keys of a provider in a file: the whole of it, or what stands under the provider's name."""
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SpecimenError(f"--keys '{path}': cannot be read as JSON.") from error
    if not isinstance(found, dict):
        raise SpecimenError(f"--keys '{path}': expected a JSON object.")
    part = found.get(name, found)
    return dict(part) if isinstance(part, dict) else {}


def receiver_keys(name: str, secret: str | None, path: Path | None) -> Callable[[], Any]:
    """What gives `verify` the keys of a provider, checked now; a key set that is named by its URL is fetched each time.

    Raises:
        MissingExtra: the vendor encrypts or sends tokens, and the extra `webhooks` is not installed.
        SpecimenError: a key is missing or unusable.
    """
    _, webhooks = webhooks_of(name)
    require_extra(webhooks)
    found = _read(name, path)
    given: Any = {**found, "secret": secret or found.get("secret")}
    if webhooks.token is not None:
        given = found if "keys" in found else found.get("jwks", found.get("token_key"))
        if not given:
            raise SpecimenError("the vendor's public keys are missing: give --keys with `jwks`, a JWKS or its URL.")
        if isinstance(given, str) and given.startswith(("http://", "https://")):
            return lambda: _fetched(given)
        if isinstance(given, str) and given.startswith("/"):
            raise SpecimenError(f"--keys: `jwks` is the path {given} of a host: give the whole URL.")
    keys = Keys.of(webhooks, given)
    keys.check()
    return lambda: keys


def _fetched(url: str) -> Any:
    try:
        return httpx.get(url, trust_env=False, timeout=10).raise_for_status().json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise SpecimenError(f"the key set cannot be fetched from {shown(url)}: is the sandbox running?") from error


def sender_keys(name: str, secret: str | None, path: Path | None) -> SenderKeys:
    """What deliveries of a provider are made with: a secret, and the keys in a file."""
    found = _read(name, path)
    key = found.get("public_key") or found.get("private_key")
    return SenderKeys(secret or str(found.get("secret") or ""), key, found.get("token_key"))

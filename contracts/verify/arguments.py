"""Checks the arguments of a run before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence

from specimen import specs
from specimen.contracts.client.transport import Transport
from specimen.contracts.http.base_url import BaseUrl
from specimen.contracts.requests.known_sessions import refusals
from specimen.specs import Provider, SpecimenError
from specimen.specs.core.errors import did_you_mean

PROFILES = ("smoke", "ci", "nightly")


def checked(provider: str | Provider, profile: str, require: Sequence[str], parts: Sequence[str] = ()) -> Provider:
    """Returns the provider of a run: with its main operations, and those of the named parts of its API.

    Raises:
        SpecimenError: there is no such provider, part or profile, or a required name is neither an operation nor a state.
    """
    known = (specs.load(provider) if isinstance(provider, str) else provider).with_parts(parts)
    if profile not in PROFILES:
        raise SpecimenError(f"profile '{profile}': expected one of {', '.join(PROFILES)}.")
    possible = {*known.document.operations, *known.lifecycle.states}
    for name in require:
        if name not in possible:
            raise SpecimenError(f"--require '{name}': no operation or state of {known.name}. {did_you_mean(name, possible)}")
    return known


def remarks(sender: Transport, sessions: Sequence[str], allow_writes: Sequence[str]) -> list[str]:
    """Returns a sentence for each argument that has no effect, or a dangerous one."""
    found = list(refusals(sender.provider, sessions, is_production=sender.is_production))
    base = BaseUrl.parse(sender.base_url)
    idle = [host for host in allow_writes if not base.is_at(host)]
    if allow_writes and sender.is_read_only:
        found.append("--allow-writes has no effect: --read-only forbids to write.")
        idle = []
    if sender.tls.is_insecure:
        found.append("--insecure: no certificate was checked. Whoever stands between could read the token and change answers.")
    return [*found, *(f"--allow-writes '{host}' has no effect: the URL's host is '{base.host}'." for host in idle)]

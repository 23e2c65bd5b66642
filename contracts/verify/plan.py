"""Plans a run of `verify`: the requests that it would send, without sending them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from specimen.contracts.client.transport import BudgetSpent, Planned, Transport, is_loopback
from specimen.contracts.redaction.curl_command import without_userinfo
from specimen.contracts.requests.known_sessions import given_ids
from specimen.contracts.requests.parameter_overrides import SettableValue, settable, with_values
from specimen.contracts.verify.arguments import checked, remarks
from specimen.contracts.verify.drivers.selection import choose
from specimen.contracts.verify.lifecycle_tests.steps import run_steps
from specimen.specs import Provider

__all__ = ["Plan", "plan"]


@dataclass(frozen=True)
class Plan:
    """The requests that a run would send, in their order."""

    requests: tuple[Planned, ...]
    is_production: bool
    phases: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    values: tuple[SettableValue, ...] = ()


def plan(
    base_url: str,
    provider: str | Provider,
    *,
    profile: str = "ci",
    other_auth: Mapping[str, str] | str | None = None,
    driver: str = "auto",
    sessions: Sequence[str] = (),
    values: Mapping[str, str] | None = None,
    require: Sequence[str] = (),
    parts: Sequence[str] = (),
    allow_writes: Sequence[str] = (),
    read_only: bool = False,
    budget: int | None = None,
    loopback: Callable[[str], bool] = is_loopback,
) -> Plan:
    """Returns what `verify` would send; nothing is sent. Ids of answers are those of the document's examples."""
    known = with_values(checked(provider, profile, require, parts), values or {})
    sender = Transport(
        base_url, known, headers={"authorization": "Bearer dry-run"},
        other_headers={"authorization": "Bearer dry-run-other"} if other_auth else None, allow_writes=frozenset(allow_writes),
        sessions=given_ids(sessions), named=require, read_only=read_only, budget=budget, dry_run=True, loopback=loopback,
    )  # fmt: skip
    if driver == "auto":
        driver = "none" if sender.is_production or sessions else "prefer"
    try:
        who = choose(sender, driver if driver in ("none", "prefer") else "none", sessions, every_scenario=profile != "smoke")
        run_steps(sender, who, is_short=profile == "smoke", seed=1)
    except BudgetSpent:
        pass
    finally:
        sender.close()
    phases = ["walk"]
    if not sender.is_production:
        phases += ["Schemathesis"] if profile != "smoke" else []
        phases += ["machine"] if profile == "nightly" else []
    said = remarks(sender, sessions, allow_writes)
    if sender.proxy is not None:
        said.append(f"All requests go through the environment's proxy {without_userinfo(sender.proxy)}.")
    return Plan(tuple(sender.planned), sender.is_production, tuple(phases), tuple(said), settable(known))

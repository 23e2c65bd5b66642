"""Selects the driver of a run by its name, or by what the host understands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from specimen.contracts.client.transport import NoAnswer, Transport
from specimen.contracts.requests.request_encoder import send
from specimen.contracts.verify.drivers.command_driver import CommandDriver
from specimen.contracts.verify.drivers.driver import Driver, Joined, NoDriver, PreferDriver, creation
from specimen.contracts.verify.drivers.movement import Driven
from specimen.specs import SpecimenError


def choose(
    sender: Transport,
    driver: str,
    sessions: Sequence[str],
    *,
    every_scenario: bool,
    remark: Callable[[str], None] = lambda _: None,
    on_driven: Callable[[Driven], None] = lambda _: None,
) -> Driver:
    """Returns the driver of that name, joined with the given sessions.

    `remark` gets the states that a command failed for, `on_driven` each session that the driver brings into a state.

    Raises:
        SpecimenError: the driver is not allowed against a production host.
    """
    provider = sender.provider
    if driver == "auto":
        driver = "prefer" if not sender.is_production and _understands_prefer(sender) else "none"
    given = NoDriver(provider, sessions)
    if driver == "none":
        return given
    if driver == "prefer" and sender.is_production:
        raise SpecimenError(f"--driver prefer: it makes sessions, and {sender.host} is a production host here. {sender.remedy}")
    who: Driver
    if driver == "prefer":
        who = PreferDriver(sender, every_scenario=every_scenario, on_driven=on_driven)
    else:
        who = CommandDriver(sender, driver, remark, on_driven)
    return Joined(who, given) if sessions else who


def _understands_prefer(sender: Transport) -> bool:
    """Whether the creation of a session honours `Prefer`: it says so in `Preference-Applied` (RFC 7240)."""
    wanted = creation(sender.provider, {})
    if wanted is None:
        return False
    try:
        exchange = send(sender, wanted, intent={"valid": True}, prefer=f"scenario={sender.provider.lifecycle.default.name}")
    except NoAnswer:
        return False
    return "scenario" in exchange.response_headers.get("preference-applied", "")

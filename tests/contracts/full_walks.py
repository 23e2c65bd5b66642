"""The walk through all scenarios of our mock, made once for all tests of a process."""

from __future__ import annotations

from functools import cache

from specimen.contracts.client.transport import Transport
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.verify.drivers.driver import PreferDriver
from specimen.contracts.verify.drivers.movement import Driven
from specimen.contracts.verify.lifecycle_tests.steps import Walk
from tests.contracts.servers import place


@cache
def full_walk(name: str) -> tuple[Exchange | Driven, ...]:
    """What was sent and answered, and what the driver said that it brought along, in their order."""
    seen: list[Exchange | Driven] = []
    with place(name) as there:
        sender = Transport(there.url, name, headers=there.auth, seen=seen.append)
        for step in Walk(sender, PreferDriver(sender, every_scenario=True, on_driven=seen.append), most=None).steps():
            step.run()
        sender.close()
    return tuple(seen)

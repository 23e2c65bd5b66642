"""The sender of webhooks goes on in another event loop where the first has ended without stopping it."""

from __future__ import annotations

import asyncio

from specimen.mockserver.testing.in_process import completed
from specimen.mockserver.webhooks.registration import Registration
from tests.mockserver.calling import frozen_app
from tests.mockserver.control.steering import control, created
from tests.mockserver.webhooks.receiver import receiving


def test_sender__begins_anew_in_another_loop() -> None:
    """It sends there, and stops, though a namespace of the first was ended in between."""
    app = frozen_app("kyve")

    async def begin() -> None:
        app.webhooks.start()
        await asyncio.to_thread(created, app, "kyve")
        await asyncio.to_thread(receiver.wait_for, 1)

    async def go_on() -> None:
        app.webhooks.start()
        await asyncio.to_thread(created, app, "kyve")
        await asyncio.to_thread(receiver.wait_for, 2)
        await app.webhooks.stop()

    with receiving() as receiver:
        for namespace in ("default", "other"):
            wanted = Registration("kyve", receiver.url, namespace, types=("verification.created",))
            completed(app.add_webhook(wanted))
        asyncio.run(begin())
        assert control(app, "DELETE", "/namespaces/other").status_code == 204
        asyncio.run(go_on())
    assert len(receiver.received) == 2

"""What a sender of webhooks sends during a run of `verify`: the mock's own deliveries, and what the sender makes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from unittest import mock

from specimen.contracts.webhooks.watching import Watch
from specimen.mockserver.sessions.session_record import FOREVER
from specimen.mockserver.testing.in_process import completed
from specimen.mockserver.webhooks import dispatcher
from specimen.mockserver.webhooks.attempts import TOKEN_KEY
from specimen.mockserver.webhooks.http_client import Answer
from specimen.mockserver.webhooks.registration import Registration
from tests.contracts.webhooks.desk import Desk
from tests.contracts.webhooks.receivers import RECEIVERS_KEY, SECRET, SENDERS_KEY, forger, receiver_keys
from tests.contracts.webhooks.senders import Sender, sent_by
from tests.score.asgi import Changed

_URL = "http://127.0.0.1:9/hook"  # nothing is posted there
_SECOND = 1_000


class Watched(Watch):
    """A watch that needs no port: it has the mock send once the walk is over, on the mock's own clock."""

    def __init__(self, app: Changed, sender: Sender) -> None:
        name = app.provider.name
        super().__init__(app.provider, receiver_keys(name))
        self._app = app.inner
        self._space = completed(self._app.namespaces.get("default")).space(name)
        self._sender = sender
        self._desk = Desk(forger(name), receiver_keys(name))
        public = {part: RECEIVERS_KEY[part] for part in ("kty", "n", "e", "kid")}
        completed(self._app.add_webhook(Registration(name, _URL, secret=SECRET, public_key=public)))
        completed(self._app.store.set_value(self._space, TOKEN_KEY, SENDERS_KEY, FOREVER, 0))

    def wait(self, *_: Any) -> None:
        """Collects what the mock sends, and replaces it by what the sender would."""
        with mock.patch.object(dispatcher, "Poster", return_value=self):
            asyncio.run(self._collected())
        self.sent, until = sent_by(self._sender, self.sent, self._desk)
        self.end(until)

    async def _collected(self) -> None:
        self._app.webhooks.start()
        await self._idle()
        await self._app.forward(int(self.webhooks.retry_seconds[0] * _SECOND))  # what was refused comes again
        await self._idle()
        await self._app.webhooks.stop()

    async def _idle(self) -> None:
        """Waits until nothing more is due; what a refused delivery holds back is not."""
        self._app.webhooks.wake(self._space)
        while True:
            now = (await self._app.namespaces.get("default")).clock.now()
            tasks = [task for _, task in await self._app.store.tasks(self._space, "", 10_000)]
            behind = {task["lane"] for task in tasks if task["attempt"] and task["due"] > now}
            if not any(task["held"] or (task["due"] <= now and task["lane"] not in behind) for task in tasks):
                return
            await asyncio.sleep(0.001)

    async def post(self, headers: Mapping[str, str], body: bytes, _: float) -> Answer:
        """Takes a delivery of the mock."""
        clock = (await self._app.namespaces.get("default")).clock
        return Answer(self.take(headers, body, clock.now() / _SECOND))

    def close(self) -> None:
        """Nothing is open."""

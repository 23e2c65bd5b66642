"""Prints what `ci` sends to a fresh mock: `python -m tests.contracts.request_sequence PROVIDER SEED EXAMPLES`."""

from __future__ import annotations

import json
import sys

from specimen import specs
from specimen.contracts.http.credentials import of_lifecycle
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.verify import runner
from specimen.contracts.verify.verification import Run
from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Settings

NOW = 1_900_000_000_000


def main(name: str, seed: str, examples: str) -> None:
    """Prints method, path, query, preference and status of each exchange as JSON. The mock's clock stands still."""
    sent: list[tuple[str, str, str, str, int]] = []

    class Recording(Run):
        def see(self, exchange: Exchange) -> None:
            prefer = exchange.request_headers.get("prefer", "")
            sent.append((exchange.method, exchange.path, exchange.query, prefer, exchange.status))
            super().see(exchange)

    runner.Run = Recording  # type: ignore[misc]
    runner.CI_EXAMPLES = int(examples)
    provider = specs.load(name)
    settings = Settings(providers=(name,), seed=0, now=NOW, freeze=True, sse_max_seconds=0.05)
    with running(build_app(settings)) as url:
        runner.verify(url + provider.mount, provider, profile="ci", auth=of_lifecycle(provider), seed=int(seed))
    json.dump(sent, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])

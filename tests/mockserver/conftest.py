"""Servers on real ports, and the records that they log."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from specimen.mockserver.app import build_app
from specimen.mockserver.http.server import running
from specimen.mockserver.settings import Settings
from tests.mockserver.wire import Listener, Target


@pytest.fixture(scope="session")
def listener() -> Iterator[Listener]:
    """Listens to the loggers of the server while the tests run."""
    found = Listener()
    loggers = [logging.getLogger(name) for name in ("specimen", "uvicorn.error", "asyncio")]
    for logger in loggers:
        logger.addHandler(found)
    yield found
    for logger in loggers:
        logger.removeHandler(found)


@pytest.fixture
def quiet(listener: Listener) -> Iterator[None]:
    """No test here may make the server log an error."""
    listener.heard.clear()
    yield
    assert listener.heard == []


@pytest.fixture(scope="session")
def target(listener: Listener) -> Iterator[Target]:
    """All providers with their usual limits."""
    app = build_app(Settings())
    with running(app) as url:
        yield Target(app, url)


@pytest.fixture(scope="session")
def hasty(listener: Listener) -> Iterator[Target]:
    """All providers; a request must be complete after a fifth of a second."""
    app = build_app(Settings(body_seconds=0.2))
    with running(app) as url:
        yield Target(app, url)

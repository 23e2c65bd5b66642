"""What all tests share: Hypothesis profiles that repeat, which tests are long, and what a run costs."""

from __future__ import annotations

import gc
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import cpu_time, grouping, sampling

settings.register_profile(
    "repeatable",
    derandomize=True,
    database=None,
    deadline=None,  # timings are benchmarks
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("quick", settings.get_profile("repeatable"), max_examples=25)  # `make test`
settings.load_profile("repeatable")

# A shell that starts the tests in the background ignores Ctrl-C for them and all that they start; what they start is sent it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the repository."""
    from tests.environments import built, copied

    return built(copied(tmp_path_factory.mktemp("copy") / "repository"), tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="session")
def core(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds what `pip install specimen-kyc` brings, and nothing else."""
    from tests.environments import OURS, add, made

    python = made(tmp_path_factory.mktemp("core") / "venv", [OURS])
    add(python, str(wheel))
    return python


def pytest_collection_finish() -> None:
    """Lets the garbage collector pass over what was imported and collected, which stays to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_configure(config: pytest.Config) -> None:
    """Registers what chooses the long tests and what tells the cost."""
    config.pluginmanager.register(sampling)
    config.pluginmanager.register(grouping)
    config.pluginmanager.register(cpu_time)

"""Verifies an implementation against the contract: the walk, then Schemathesis, then the state machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx

from specimen.contracts.client.client_errors import SuiteError
from specimen.contracts.client.network import Tls
from specimen.contracts.client.transport import BudgetSpent, Burst, Transport, Unreachable, is_loopback
from specimen.contracts.http.base_url import BaseUrl
from specimen.contracts.http.credentials import as_headers, secret_of
from specimen.contracts.judge.severity import fail_level
from specimen.contracts.reporting.baseline.reader import apply, of_provider
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.known_failures import Baseline
from specimen.contracts.reporting.model import Report
from specimen.contracts.requests.known_sessions import given_ids
from specimen.contracts.requests.parameter_overrides import with_values
from specimen.contracts.verify.arguments import checked, remarks
from specimen.contracts.verify.drivers.driver import Driver
from specimen.contracts.verify.drivers.selection import choose
from specimen.contracts.verify.lifecycle_tests.steps import run_steps
from specimen.contracts.verify.verification import Crashed, Interrupted, Run
from specimen.contracts.webhooks.watching import Watch
from specimen.specs import Provider, SpecimenError
from specimen.specs.core.errors import bug
from specimen.specs.core.extras import needs

__all__ = ["Crashed", "Interrupted", "Progress", "verify"]

CI_EXAMPLES = 25
NIGHTLY_EXAMPLES = 100
NIGHTLY_SEEDS = 5

Progress = Callable[[str, int], None]


def verify(
    base_url: str,
    provider: str | Provider,
    *,
    profile: str = "ci",
    auth: Mapping[str, str] | str | None = None,
    other_auth: Mapping[str, str] | str | None = None,
    driver: str = "auto",
    sessions: Sequence[str] = (),
    values: Mapping[str, str] | None = None,
    require: Sequence[str] = (),
    parts: Sequence[str] = (),
    fail_on: str | None = None,
    strict: bool = False,
    baseline: str | Path | Baseline | None = None,
    seed: int = 1,
    allow_writes: Sequence[str] = (),
    read_only: bool = False,
    budget: int | None = None,
    webhooks: Watch | None = None,
    patience_seconds: float | None = None,
    tls: Tls | None = None,
    second_opinion: bool = False,
    on_progress: Progress | None = None,
    transport: httpx.BaseTransport | None = None,
    loopback: Callable[[str], bool] = is_loopback,
    sleep: Callable[[float], None] = time.sleep,
) -> Report:
    """Verifies that an implementation conforms to the vendor's contract.

    Args:
        base_url: what comes before the paths of the document.
        provider: its name.
        profile: `smoke` (the walk), `ci` (and Schemathesis), `nightly` (all scenarios, 100 examples, 5 seeds, the machine).
        auth: a token for the document's first security scheme, or headers.
        other_auth: a second credential, which must not see the sessions of the first where the contract says so.
        driver: what brings sessions into a state: `none`, `prefer` (our mock), a command that prints an id for a state, or
            `auto`: `prefer` where the host understands it, else none.
        sessions: ids that may be read; `KIND=ID` for another kind than the session's own.
        values: of the requests, by the names of the provider's lifecycle.yaml, such as `{"environment": "staging"}`.
        require: operations and states that must be seen; a production host is asked for a list only if it is named here.
        parts: parts of the vendor's API to verify beside its main operations, such as `webhooks` of kayle.
        fail_on: the least severity that fails: `error`, `warning` (if None) or `note`.
        strict: the same as `fail_on="note"`.
        baseline: known failures, which are reported and do not count: the path of their file, or what
            `specimen.contracts.reporting.baseline.load` made of it.
        seed: the seed of all random choices.
        allow_writes: hosts besides this machine that are not production hosts.
        read_only: whether the host gets what a production host gets, documented reads, wherever it is.
        budget: the most requests to send.
        webhooks: watches what the implementation sends during the walk; of the user's own hosts alone.
        patience_seconds: how long the run waits in all because the host asks for it (`Retry-After`); 60 if None, and 120 for a
            production host.
        tls: whom to trust; the usual certificates if None.
        second_opinion: whether openapi-core validates too; differences are listed and decide nothing.
        on_progress: gets the name of each step and how many requests were sent.
        transport: sends in place of the network; for tests.
        loopback: says which hosts are this machine; for tests.
        sleep: waits in place of the clock; for tests.

    Raises:
        SpecimenError: an argument is wrong, or the baseline is invalid; nothing was sent then.
        Crashed: a bug of ours; it holds the same.
        Interrupted: Ctrl-C; it holds the report of what was judged until then.
    """
    base_url = str(BaseUrl.parse(base_url))
    level = fail_level(fail_on, strict=strict)
    known = with_values(checked(provider, profile, require, parts), values or {})
    known_failures = of_provider(baseline, known)
    headers, other = as_headers(known, auth), as_headers(known, other_auth)
    secret, other_secret = secret_of(known, headers), secret_of(known, other)
    if other and other_secret == secret:
        raise SpecimenError("--other-token: the same credential as --token. Give one that must not see what that one made.")
    collector = Collector(
        known, base_url, token=secret, other_token=other_secret, sessions=given_ids(sessions), second_opinion=second_opinion
    )
    run = Run(known, collector, webhooks)
    started_at, clock = time.time_ns() // 1_000_000, time.monotonic()
    sender = Transport(
        base_url, known, headers=headers, other_headers=other, allow_writes=frozenset(allow_writes),
        sessions=given_ids(sessions), named=require, read_only=read_only, budget=budget, patience_seconds=patience_seconds,
        tls=tls, transport=transport, seen=run.see, loopback=loopback, sleep=sleep,
    )  # fmt: skip
    _check_watch(sender, webhooks)
    # It has a network client of its own.
    uses_schemathesis = profile != "smoke" and not sender.is_production and transport is None
    tell = on_progress or (lambda _what, _sent: None)
    unreachable: str | None = None
    is_interrupted = False
    crash: Exception | None = None
    wanted, incomplete = list(require), list[str]()
    run.remarks += remarks(sender, sessions, allow_writes)
    try:
        _all_phases(
            sender, run, profile=profile, driver=driver, sessions=sessions, seed=seed, uses_schemathesis=uses_schemathesis,
            tell=tell, wanted=wanted,
        )  # fmt: skip
    except Unreachable as error:
        unreachable = str(error)
    except (BudgetSpent, Burst, SuiteError) as error:
        incomplete.append(str(error))
    except KeyboardInterrupt:
        is_interrupted = True
    except SpecimenError:
        raise
    except Exception as error:  # noqa: BLE001 - what was found until then must be reported
        crash = error
        incomplete.append(bug(error))
    finally:
        sender.close()
    if run.exchanges and not run.has_answers:
        unreachable = unreachable or f"{sender.host}: not one of {run.exchanges} requests was answered."
    elif unreachable is None or sender.is_up():
        run.settle()
    if run.is_locked_out and not headers:
        run.remarks.append("No --token was given; every operation that wants one refused.")
    found = apply(run.completed(collector.report(
        profile=profile, seed=seed, fail_on=level, started_at=started_at, seconds=time.monotonic() - clock,
        requests=run.exchanges, require=wanted, unreachable=unreachable, remarks=run.remarks, interrupted=is_interrupted,
        incomplete=incomplete,
    )), known_failures)  # fmt: skip
    if is_interrupted:
        raise Interrupted(found)
    if crash is not None:
        raise Crashed(crash, found) from crash
    return found


def _check_watch(sender: Transport, watch: Watch | None) -> None:
    """Refuses to watch what a production host sends: its receiver is not ours."""
    if watch is not None and sender.is_production:
        sender.close()
        raise SpecimenError(f"--webhook-port: it watches hosts of your own. {sender.remedy}")


def _all_phases(
    sender: Transport,
    run: Run,
    *,
    profile: str,
    driver: str,
    sessions: Sequence[str],
    seed: int,
    uses_schemathesis: bool,
    tell: Progress,
    wanted: list[str],
) -> None:
    """Sends all requests of a profile; `wanted` gets what must be seen with the driver."""
    if uses_schemathesis:
        _need_schemathesis(profile)
    who = choose(
        sender, driver, sessions, every_scenario=profile != "smoke", remark=run.remarks.append, on_driven=run.movement.expect
    )
    wanted += _default_requirements(sender, who)
    _walk(sender, who, profile, seed, tell, run)
    if run.watch is not None:
        tell("webhooks on their way", run.exchanges)
        run.watch.wait()
    if uses_schemathesis:
        _fuzz(sender, run, profile, seed, tell)
    if profile == "nightly" and not sender.is_production:
        from specimen.contracts.verify.stateful_tests import explore  # noqa: PLC0415 - Hypothesis is slow to import

        run.step = "random steps"
        explore(sender, who, seeds=range(seed, seed + NIGHTLY_SEEDS), on_progress=tell)


def _default_requirements(sender: Transport, driver: Driver) -> list[str]:
    """Returns, with a driver, all states that a scenario leads to; without one, the first read."""
    lifecycle = sender.provider.lifecycle
    if driver.drives:
        return [state for state in lifecycle.states if lifecycle.through(state) is not None]
    return [lifecycle.reads[0].operation]


def _walk(sender: Transport, driver: Driver, profile: str, seed: int, tell: Progress, run: Run) -> None:
    def on_step(name: str) -> None:
        tell(name, sender.sent)
        run.step = name

    run_steps(sender, driver, is_short=profile == "smoke", seed=seed, on_step=on_step)


def _need_schemathesis(profile: str) -> None:
    """Says before anything is sent that a profile cannot be run."""
    with needs("contracts", f"profile {profile}", "take --profile smoke."):
        import schemathesis  # noqa: F401, PLC0415 - used later, and slow to import


def _fuzz(sender: Transport, run: Run, profile: str, seed: int, tell: Progress) -> None:
    from specimen.contracts.verify.schemathesis_suite import fuzz  # noqa: PLC0415 - slow to import

    run.step = "Schemathesis"
    seeds = [seed] if profile == "ci" else list(range(seed, seed + NIGHTLY_SEEDS))
    examples = CI_EXAMPLES if profile == "ci" else NIGHTLY_EXAMPLES
    for one in seeds:
        tell(f"Schemathesis, seed {one}", run.exchanges)
        fuzz(sender, seed=one, examples=examples, see=run.see, on_progress=lambda what: tell(what, run.exchanges))

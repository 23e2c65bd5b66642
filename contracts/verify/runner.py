"""Verifies an implementation against the contract: the walk, then Schemathesis, then the state machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import httpx

from specimen import specs
from specimen.contracts.client.client_errors import SuiteError
from specimen.contracts.client.transport import BudgetSpent, Burst, NoAnswer, Planned, Transport, Unreachable, is_loopback
from specimen.contracts.http.base_url import BaseUrl
from specimen.contracts.http.credentials import as_headers, secret_of
from specimen.contracts.judge.severity import fail_level
from specimen.contracts.reporting.collector import Collector
from specimen.contracts.reporting.model import Report
from specimen.contracts.requests.known_sessions import given_ids, refusals
from specimen.contracts.requests.parameter_overrides import SettableValue, settable, with_values
from specimen.contracts.requests.request_encoder import send
from specimen.contracts.verify.command_driver import CommandDriver
from specimen.contracts.verify.drivers import Driver, Joined, NoDriver, PreferDriver
from specimen.contracts.verify.lifecycle_tests import SMOKE_REQUESTS, Walk
from specimen.contracts.verify.movement import Driven
from specimen.contracts.verify.verification import Interrupted, Run
from specimen.specs import Provider, SpecimenError
from specimen.specs.core.errors import did_you_mean
from specimen.specs.core.extras import needs

__all__ = ["PROFILES", "Interrupted", "Plan", "Progress", "choose", "plan", "verify"]

PROFILES = ("smoke", "ci", "nightly")
CI_EXAMPLES = 25
NIGHTLY_EXAMPLES = 100
NIGHTLY_SEEDS = 5

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class Plan:
    """The requests that a run would send, in their order."""

    requests: tuple[Planned, ...]
    is_production: bool
    phases: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    values: tuple[SettableValue, ...] = ()


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
    fail_on: str | None = None,
    strict: bool = False,
    seed: int = 1,
    allow_writes: Sequence[str] = (),
    budget: int | None = None,
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
        fail_on: the least severity that fails: `error`, `warning` (if None) or `note`.
        strict: the same as `fail_on="note"`.
        seed: the seed of all random choices.
        allow_writes: hosts besides this machine that are not production hosts.
        budget: the most requests to send.
        second_opinion: whether openapi-core validates too; differences are listed and decide nothing.
        on_progress: gets the name of each step and how many requests were sent.
        transport: sends in place of the network; for tests.
        loopback: says which hosts are this machine; for tests.
        sleep: waits in place of the clock; for tests.

    Raises:
        SpecimenError: an argument is wrong.
        Interrupted: Ctrl-C; it holds the report of what was judged until then.
    """
    base_url = str(BaseUrl.parse(base_url))
    level = fail_level(fail_on, strict=strict)
    known = with_values(_checked(provider, profile, require), values or {})
    headers, other = as_headers(known, auth), as_headers(known, other_auth)
    secret, other_secret = secret_of(known, headers), secret_of(known, other)
    if other and other_secret == secret:
        raise SpecimenError("--other-token: the same credential as --token. Give one that must not see what that one made.")
    collector = Collector(
        known, base_url, token=secret, other_token=other_secret, sessions=given_ids(sessions), second_opinion=second_opinion
    )
    run = Run(known, collector)
    started_at, clock = time.time_ns() // 1_000_000, time.monotonic()
    sender = Transport(
        base_url, known, headers=headers, other_headers=other, allow_writes=frozenset(allow_writes),
        sessions=given_ids(sessions), named=require, budget=budget, transport=transport, seen=run.see, loopback=loopback,
        sleep=sleep,
    )  # fmt: skip
    # It has a network client of its own.
    uses_schemathesis = profile != "smoke" and not sender.is_production and transport is None
    tell = on_progress or (lambda _what, _sent: None)
    unreachable: str | None = None
    is_interrupted = False
    wanted, incomplete = list(require), list[str]()
    run.remarks += remarks(sender, sessions, allow_writes)
    try:
        if uses_schemathesis:
            _need_schemathesis(profile)
        who = choose(
            sender, driver, sessions, every_scenario=profile != "smoke", remark=run.remarks.append,
            on_driven=run.movement.expect,
        )  # fmt: skip
        wanted += _default_requirements(sender, who)
        _walk(sender, who, profile, seed, tell, run)
        if uses_schemathesis:
            _fuzz(sender, run, profile, seed, tell)
        if profile == "nightly" and not sender.is_production:
            from specimen.contracts.verify.stateful_tests import explore  # noqa: PLC0415 - Hypothesis is slow to import

            run.step = "random steps"
            explore(sender, who, seeds=range(seed, seed + NIGHTLY_SEEDS), on_progress=tell)
    except Unreachable as error:
        unreachable = str(error)
    except (BudgetSpent, Burst, SuiteError) as error:
        incomplete.append(str(error))
    except KeyboardInterrupt:
        is_interrupted = True
    finally:
        sender.close()
    if run.exchanges and not run.has_answers:
        unreachable = unreachable or f"{sender.host}: not one of {run.exchanges} requests was answered."
    elif unreachable is None or sender.is_up():
        run.settle()
    if run.is_locked_out and not headers:
        run.remarks.append("No --token was given; every operation that wants one refused.")
    found = run.completed(collector.report(
        profile=profile, seed=seed, fail_on=level, started_at=started_at, seconds=time.monotonic() - clock,
        requests=run.exchanges, require=wanted, unreachable=unreachable, remarks=run.remarks, interrupted=is_interrupted,
        incomplete=incomplete,
    ))  # fmt: skip
    if is_interrupted:
        raise Interrupted(found)
    return found


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
    allow_writes: Sequence[str] = (),
    budget: int | None = None,
    loopback: Callable[[str], bool] = is_loopback,
) -> Plan:
    """Returns what `verify` would send; nothing is sent. Ids of answers are those of the document's examples."""
    known = with_values(_checked(provider, profile, require), values or {})
    sender = Transport(
        base_url, known, headers={"authorization": "Bearer dry-run"},
        other_headers={"authorization": "Bearer dry-run-other"} if other_auth else None, allow_writes=frozenset(allow_writes),
        sessions=given_ids(sessions), named=require, budget=budget, dry_run=True, loopback=loopback,
    )  # fmt: skip
    if driver == "auto":
        driver = "none" if sender.is_production or sessions else "prefer"
    try:
        who = choose(sender, driver if driver in ("none", "prefer") else "none", sessions, every_scenario=profile != "smoke")
        _walk(sender, who, profile, 1, lambda _what, _sent: None)
    except BudgetSpent:
        pass
    finally:
        sender.close()
    phases = ["walk"]
    if not sender.is_production:
        phases += ["Schemathesis"] if profile != "smoke" else []
        phases += ["machine"] if profile == "nightly" else []
    told = tuple(remarks(sender, sessions, allow_writes))
    return Plan(tuple(sender.planned), sender.is_production, tuple(phases), told, settable(known))


def remarks(sender: Transport, sessions: Sequence[str], allow_writes: Sequence[str]) -> list[str]:
    """Returns a sentence for each argument that has no effect."""
    found = list(refusals(sender.provider, sessions, is_production=sender.is_production))
    base = BaseUrl.parse(sender.base_url)
    idle = [host for host in allow_writes if not base.is_at(host)]
    return [*found, *(f"--allow-writes '{host}' has no effect: the URL's host is '{base.host}'." for host in idle)]


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
        raise SpecimenError(f"--driver prefer: {sender.host} is not this machine; --allow-writes names hosts of your own.")
    who: Driver
    if driver == "prefer":
        who = PreferDriver(sender, every_scenario=every_scenario, on_driven=on_driven)
    else:
        who = CommandDriver(sender, driver, remark, on_driven)
    return Joined(who, given) if sessions else who


def _understands_prefer(sender: Transport) -> bool:
    """Whether the creation of a session honours `Prefer`: it says so in `Preference-Applied` (RFC 7240)."""
    from specimen.contracts.verify.drivers import creation  # noqa: PLC0415 - used here alone

    wanted = creation(sender.provider, {})
    if wanted is None:
        return False
    try:
        exchange = send(sender, wanted, intent={"valid": True}, prefer=f"scenario={sender.provider.lifecycle.default.name}")
    except NoAnswer:
        return False
    return "scenario" in exchange.response_headers.get("preference-applied", "")


def _checked(provider: str | Provider, profile: str, require: Sequence[str]) -> Provider:
    known = specs.load(provider) if isinstance(provider, str) else provider
    if profile not in PROFILES:
        raise SpecimenError(f"profile '{profile}': expected one of {', '.join(PROFILES)}.")
    possible = {*known.document.operations, *known.lifecycle.states}
    for name in require:
        if name not in possible:
            raise SpecimenError(f"--require '{name}': no operation or state of {known.name}. {did_you_mean(name, possible)}")
    return known


def _default_requirements(sender: Transport, driver: Driver) -> list[str]:
    """Returns, with a driver, all states that a scenario leads to; without one, the first read."""
    lifecycle = sender.provider.lifecycle
    if driver.drives:
        return [state for state in lifecycle.states if lifecycle.through(state) is not None]
    return [lifecycle.reads[0].operation]


def _walk(
    sender: Transport, driver: Driver, profile: str, seed: int, tell: Progress, run: Run | None = None
) -> None:
    walk = Walk(sender, driver, most=SMOKE_REQUESTS - sender.sent if profile == "smoke" else None, seed=seed)
    for step in walk.steps():
        tell(step.name, sender.sent)
        if run is not None:
            run.step = step.name
        step.run()


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

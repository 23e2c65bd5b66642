"""`specimen payloads`."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from specimen import specs
from specimen.specs import SpecimenError
from specimen.specs.cli import completion
from specimen.specs.cli.console import standard_output, table_console, user_errors
from specimen.specs.core.errors import did_you_mean

if TYPE_CHECKING:
    from specimen.contracts.payloads import Case, Choice
    from specimen.contracts.webhooks.forging import SenderKeys


TABLE = "table"
FORMATS = (TABLE, "json", "ndjson", "curl", "pytest")


def register(app: typer.Typer) -> None:
    """Adds the command to a command line."""
    app.command()(payloads)


def payloads(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="PROVIDER", help="A provider's name, as `specimen providers` lists it.", autocompletion=completion.providers
        ),
    ] = None,
    operation: Annotated[
        str | None,
        typer.Option(metavar="OP", help="This operation alone; those on webhooks need it.", autocompletion=completion.operations),
    ] = None,
    direction: Annotated[
        str | None, typer.Option(metavar="request|response|webhook", help="Requests, answers, or events of webhooks.")
    ] = None,
    verdict: Annotated[
        str | None, typer.Option(metavar="accept|reject|either", help="The expected outcome; either: unspecified.")
    ] = None,
    status: Annotated[
        str | None,
        typer.Option(
            metavar="STATE", help="Answers about sessions in this state, every kind anew.", autocompletion=completion.states
        ),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="TAG", help="A family, a state or another tag; repeated: all of them."),
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            "--field",
            metavar="FIELD",
            help="Cases of this field and below it: /data/status, data.status as ids have it, or a field's name; "
            "'.' is the whole body. May be repeated.",
        ),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="KIND", help="A kind, a family's name, or a pattern such as 'names.*'; may be repeated."),
    ] = None,
    secret: Annotated[
        str | None, typer.Option("--secret", metavar="TEXT", help="Sign events with this, as deliveries.", show_default=False)
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The keys of the deliveries, as `webhooks attack` takes them.", show_default=False),
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="At most so many, spread over the families.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Another number gives other people.")] = 0,
    now: Annotated[
        str, typer.Option(metavar="TIME", help="What cases call today (ISO 8601); for a server with a real clock: now.")
    ] = "2026-03-19T10:31:30Z",
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="table|json|ndjson|curl|pytest",
            help="How cases are printed.",
            show_default="table on a terminal, else ndjson",
            autocompletion=completion.among(FORMATS),
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write files into this folder instead.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file in that folder.")] = False,
    summary: Annotated[
        bool, typer.Option("--summary", help="Print how many cases there are, by family, provider and direction.")
    ] = False,
    list_kinds: Annotated[
        bool, typer.Option("--list-kinds", help="Print each kind, the verdicts that it may have, and why it is one.")
    ] = False,
) -> None:
    """Print edge-case payloads for QA: each one mutation of a valid payload, with its expected outcome and the reason.

    A case is `{id, provider, operation, direction, kind, field, value, payload, verdict, expect_status, rule, rationale,
    source, tags}`; its id is the same in every version. The contract decides the verdict: what is accepted breaks no rule,
    what is rejected breaks the rule that is named. On a terminal a table shows them, without the payloads.

    The payload of a response is its body, that of a request {path, query, headers, body}. In a request {session} and the like
    stand for the ids of a session that is to be made first; the formats curl and pytest do so. A payload, or a body, that is no
    plain JSON is {"$raw": its text}, {"$base64": its bytes} or {"$gzip": its bytes, compressed, in base64}; as a value,
    {"$absent": true} is a field that was taken away. Accept is said of the field that was changed: what repeats it elsewhere,
    such as the zone of a document, keeps what it said.

    Direction webhook has what an event says, whose type is the OP. With --secret or --keys each case has a `delivery` {method,
    headers, body} too, encrypted and signed as the vendor does it, and there are cases of the delivery itself (delivery.*).

    Without a PROVIDER, --summary counts those of all, and --list-kinds lists theirs; --summary --format json prints each kind
    with its counts. Exit codes: 0 done, 2 a mistake in the command, or nothing is left of what was asked for. What curl and
    pytest give is run: `sh try.sh` and `pytest` end with 1 where an answer is not what it should be.

    Examples:

        specimen payloads kayle --operation getSession --verdict reject --count 20

        specimen payloads kyve --tag names --field family_name --format json

        specimen payloads neurovision --direction request --format curl > try.sh

        specimen payloads idnow --kind 'dates.*' --now "$(date -u +%FT%TZ)" --format curl > today.sh

        specimen payloads kayle --format pytest --out tests/

        specimen payloads kyve --direction webhook --operation verification.completed --secret whsec_… --format ndjson

        specimen payloads kayle --list-kinds --kind 'structure.*'

        specimen payloads --summary
    """
    with user_errors(), standard_output():
        from specimen.contracts.payloads import Choice
        from specimen.fixtures.datasets.row_generation import moment_of

        choice = Choice(
            operation,
            direction,
            verdict,
            status,
            tuple(tag or ()),
            tuple(field or ()),
            tuple(kind or ()),
            count,
            seed,
            moment_of(now),
        )
        if force and out is None:
            raise SpecimenError("--force: it is for --out.")
        if summary or list_kinds:
            if summary and list_kinds:
                raise SpecimenError("--summary and --list-kinds: ask for one of them.")
            if out is not None:
                raise SpecimenError("--out: counts are printed; take a > and a file's name.")
            (_print_kinds if list_kinds else _print_counts)(
                [specs.load(one) for one in ([name] if name else specs.names())], choice, form
            )
            return
        if name is None:
            raise SpecimenError(f"PROVIDER is missing. There are {', '.join(specs.names())}; or ask for --summary.")
        provider = specs.load(name)
        choice.check(provider)
        if secret or keys is not None:
            from specimen.contracts.webhooks.key_files import sender_keys

            _print_deliveries(provider, choice, form, out, sender_keys(name, secret, keys))
            return
        if form is None:
            form = TABLE if out is None and sys.stdout.isatty() else "ndjson"
        if form == TABLE and out is None:
            _print_table(provider, choice)
        else:
            _print_cases(provider, choice, form, out, force)


def _print_deliveries(provider: specs.Provider, choice: Choice, form: str | None, out: Path | None, keys: SenderKeys) -> None:
    """Prints events as signed deliveries, one a line."""
    from specimen.contracts.payloads import cases
    from specimen.contracts.payloads.output.formats import lines
    from specimen.contracts.payloads.output.signed import signed

    if choice.direction != "webhook":
        raise SpecimenError("--secret, --keys: they sign events. Ask for --direction webhook.")
    if form not in (None, "ndjson") or out is not None:
        raise SpecimenError("--secret, --keys: deliveries are printed as lines of JSON (--format ndjson).")
    for line in lines(signed(provider, cases(provider, choice), keys, choice.now // 1000)):
        sys.stdout.write(line)


def _print_table(provider: specs.Provider, choice: Choice) -> None:
    from specimen.contracts.payloads import cases
    from specimen.contracts.payloads.output.listing import print_listing

    count = print_listing(cases(provider, choice))
    if count == 0:
        raise _none_left(provider)
    hint = f"{count:,} cases; --format ndjson prints them whole, payload and all."
    Console(stderr=True, highlight=False).print(hint, style="dim")


def _none_left(*providers: specs.Provider) -> SpecimenError:
    who = providers[0].name if len(providers) == 1 else "all providers"
    words = "" if len(providers) > 1 else f"{who} "
    return SpecimenError(
        f"{who}: no case is left of what was asked for. `specimen payloads {words}--summary` says what there is."
    )


def _print_cases(provider: specs.Provider, choice: Choice, form: str, out: Path | None, force: bool) -> None:
    from specimen.contracts.payloads import cases
    from specimen.contracts.payloads.output.formats import SUFFIXES, WRITERS, as_pytest
    from specimen.specs.core.atomic_files import write_text

    if form == TABLE:
        raise SpecimenError("--format table: it is for people to read. For a file take json, ndjson, curl or pytest.")
    if form not in SUFFIXES:
        raise SpecimenError(f"--format '{form}': there is none. {did_you_mean(form, FORMATS)}")
    if form == "curl" and choice.direction in ("response", "webhook"):
        what = "a response" if choice.direction == "response" else "an event"
        raise SpecimenError(f"--format curl: {what} is not sent. Ask for --direction request, or another format.")
    path = None if out is None else _path(out, provider, form, force)
    found = _counted(cases(provider, choice), form == "curl")
    if form == "pytest":
        first = next(found, None)
        pieces: Iterable[str] = [] if first is None else [as_pytest(provider, choice)]
    else:
        some = _or_nothing(found)
        pieces = [] if some is None else WRITERS[form](some)
    text: Iterator[str] = iter(pieces)
    start = next(text, None)
    if start is None:
        raise _none_left(provider)
    if path is None:
        sys.stdout.write(start)
        for piece in text:
            sys.stdout.write(piece)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, start + "".join(text))
        if form == "curl":
            path.chmod(path.stat().st_mode | 0o111)
    except OSError as error:
        raise SpecimenError(f"--out {out}: cannot be written: {error.strerror or error}") from error
    Console(stderr=True, highlight=False).print(f"wrote {path}", soft_wrap=True)


def _path(out: Path, provider: specs.Provider, form: str, force: bool) -> Path:
    """Returns the path of a format's file, before any case is made."""
    from specimen.contracts.payloads.output.formats import SUFFIXES

    if out.exists() and not out.is_dir():
        raise SpecimenError(f"--out {out}: expected a folder, it is a file.")
    path = out / (f"test_{provider.name}_payloads.py" if form == "pytest" else f"{provider.name}_payloads{SUFFIXES[form]}")
    if path.exists() and not force:
        raise SpecimenError(f"--out {out}: {path.name} exists there; choose another folder, or replace it with --force.")
    return path


def _or_nothing(found: Iterator[Case]) -> Iterator[Case] | None:
    """The cases, or None where there is none."""
    first = next(found, None)
    if first is None:
        return None

    def all_of() -> Iterator[Case]:
        yield first
        yield from found

    return all_of()


def _counted(found: Iterator[Case], only_requests: bool) -> Iterator[Case]:
    """The cases, with a count of them on the error stream of a terminal while they are made."""
    console = Console(stderr=True)
    is_shown = console.is_terminal and not sys.stdout.isatty()
    with console.status("making cases") if is_shown else contextlib.nullcontext() as status:
        number = 0
        for case in found:
            if only_requests and case.direction != "request":
                continue
            number += 1
            if status is not None and number % 100 == 0:
                status.update(f"{number:,} cases")
            yield case


def _print_kinds(providers: list[specs.Provider], choice: Choice, form: str | None) -> None:
    from specimen.contracts.payloads.generate.kinds import kinds
    from specimen.contracts.payloads.output.summary import kind_lines, kinds_value

    if form not in (None, TABLE, "json"):
        raise SpecimenError(f"--format {form}: kinds are printed as a table or as json.")
    choice.check(*providers)
    found = kinds(providers, choice).values()
    if not found:
        raise _none_left(*providers)
    if form == "json":
        print(json.dumps(kinds_value(found), indent=1, ensure_ascii=False))
    else:
        console = table_console()
        for line in kind_lines(found, console.width if console.is_terminal else None):
            print(line)


def _print_counts(providers: list[specs.Provider], choice: Choice, form: str | None) -> None:
    from specimen.contracts.payloads.output.summary import as_value, markdown, summed

    if form not in (None, TABLE, "json"):
        raise SpecimenError(f"--format {form}: counts are printed as a table or as json.")
    choice.check(*providers)
    console = Console(stderr=True)
    with console.status("counting") if console.is_terminal else contextlib.nullcontext():
        found = summed(providers, choice)
    if not found.shown:
        raise _none_left(*providers)
    if form == "json":
        print(json.dumps(as_value(found), indent=1, ensure_ascii=False))
    else:
        for line in markdown(found):
            print(line)

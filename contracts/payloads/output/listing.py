"""Lists cases for people: by field, each with its rationale, without the payload."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from rich.table import Table
from rich.text import Text

from specimen.contracts.payloads.model.case import Case
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT
from specimen.contracts.payloads.model.valid_payloads import REQUEST
from specimen.specs.cli.console import table_console

_STYLES = {ACCEPT: "green", REJECT: "red", EITHER: "yellow"}
_VALUE_CHARACTERS = 40


def print_listing(cases: Iterable[Case]) -> int:
    """Prints each case as it comes to standard output; gives how many there were."""
    console = table_console()
    count = 0
    for where, found in groupby(cases, key=lambda case: case.id.rpartition(":")[0]):
        grid = Table(box=None, pad_edge=False, show_header=False)
        for case in found:
            grid.add_row(*_cells(case))
        console.print(*([] if count == 0 else [""]), Text(where, style="bold"), grid, sep="\n")
        count += grid.row_count
    return count


def _cells(case: Case) -> tuple[Text | str, ...]:
    statuses = "/".join(str(status) for status in case.expect_status) if case.direction == REQUEST else ""
    value = Text(in_a_line(case.value, _VALUE_CHARACTERS), style="dim", no_wrap=True)
    return Text(case.verdict, style=_STYLES[case.verdict]), statuses, case.rule or "", case.kind, value, Text(case.rationale)


def in_a_line(value: Any, most: int) -> str:
    """A value as JSON in at most so many characters, whatever is in it visible."""
    text = json.dumps(value, ensure_ascii=False)
    shown = "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"

"""The options of every command that asks a host: whom to trust, and how long to wait."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from specimen.specs import SpecimenError

if TYPE_CHECKING:
    from specimen.contracts.client.network import Tls

CaOption = Annotated[
    Path | None, typer.Option("--ca", metavar="FILE", help="Trust certificates that those in this file (PEM) have signed, too.")
]
InsecureOption = Annotated[
    bool, typer.Option("--insecure", help="Check no certificate: a machine in between can read the token.")
]
PatienceOption = Annotated[
    str | None,
    typer.Option(
        "--patience",
        metavar="DURATION",
        help="How long to wait in all where the host asks for it (Retry-After): 90s, 5m.  [default: 60s]",
        show_default=False,
    ),
]
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(s|m|h|)")


def tls(ca: Path | None, *, is_insecure: bool) -> Tls:
    """Returns the trust that the options ask for.

    Raises:
        SpecimenError: the file holds no certificates, or the options contradict each other.
    """
    from specimen.contracts.client.network import Tls

    return Tls(ca, is_insecure)


def seconds(duration: str | None) -> float | None:
    """Returns the seconds of a duration such as `90s` or `5m`; None for None.

    Raises:
        SpecimenError: it is none.
    """
    if duration is None:
        return None
    found = _DURATION.fullmatch(duration.strip())
    if found is None:
        raise SpecimenError(f"--patience '{duration}': expected a number with s, m or h, such as 90s.")
    return float(found[1]) * _UNITS[found[2]]

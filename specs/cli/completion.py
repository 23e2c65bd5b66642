"""Shell completion of names from the providers' files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from specimen import specs

# The variables in which bash, and the scripts that Typer installs for zsh, fish and PowerShell, pass the line.
_LINES = ("COMP_WORDS", "_TYPER_COMPLETE_ARGS")


def among(words: Iterable[str]) -> Callable[[str], list[str]]:
    """Completes a word to those of `words` that begin with it."""
    every = tuple(words)

    def propose(incomplete: str) -> list[str]:
        return [word for word in every if word.startswith(incomplete)]

    return propose


def providers(incomplete: str) -> list[str]:
    """The names of providers that begin with `incomplete`."""
    return among(specs.names())(incomplete)


def operations(incomplete: str) -> list[str]:
    """The operationIds of the provider that the line names; none before it names one."""
    found = _provider()
    return [] if found is None else among(found.document.operations)(incomplete)


def states(incomplete: str) -> list[str]:
    """The states of that provider's sessions."""
    found = _provider()
    return [] if found is None else among(found.lifecycle.states)(incomplete)


def scenarios(incomplete: str) -> list[str]:
    """The names of that provider's scenarios."""
    found = _provider()
    return [] if found is None else among(found.lifecycle.scenarios)(incomplete)


def _provider() -> specs.Provider | None:
    """The provider that the line names; None where it names none.

    A parser's context does not have it: parsing stops at an option that has no value yet.
    """
    line = next((os.environ[name] for name in _LINES if name in os.environ), "")
    name = next((word for word in line.split() if word in specs.names()), None)
    return None if name is None else specs.load(name)

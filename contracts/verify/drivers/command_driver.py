"""A user's command that supplies sessions in a given state."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable, Sequence

from specimen.contracts.client.transport import Transport
from specimen.contracts.verify.drivers.driver import Journey, SessionRef
from specimen.contracts.verify.drivers.movement import Driven
from specimen.specs import SpecimenError
from specimen.specs.core.terminal_text import shown

COMMAND_SECONDS = 60.0
_MOST_ID = 512


class CommandDriver:
    """Calls a command with a state as its last argument; the command prints the id of a session in that state.

    The command may print a JSON object of ids by kind instead, and prints nothing where it cannot reach the state. Where it
    fails, `remark` gets the reason, and the command is not called for that state again.
    """

    drives = True
    supports_prefer = False

    def __init__(
        self,
        transport: Transport,
        command: str,
        remark: Callable[[str], None] = lambda _: None,
        on_driven: Callable[[Driven], None] = lambda _: None,
    ) -> None:
        self.transport = transport
        self.provider = transport.provider
        self._remark = remark
        self._on_driven = on_driven
        self._failed: set[str] = set()
        try:
            self.command = shlex.split(command)
        except ValueError as error:
            raise SpecimenError(f"--driver: no command that a shell would take: {error}.") from error
        if not self.command:
            raise SpecimenError("--driver '': expected none, prefer, auto or a command.")

    def session(self, state: str) -> str | None:
        """Returns the id that the command prints."""
        found = self.known(state)
        return None if found is None else found.ids.get("session")

    def known(self, state: str) -> SessionRef | None:
        """Returns the session that the command prints.

        Raises:
            SpecimenError: the command cannot be run at all.
        """
        if state in self._failed:
            return None
        try:
            ids = self._ids(self._printed(state))
        except _Failed as failed:
            self._failed.add(state)
            self._remark(f"--driver '{self.command[0]}': {failed}; state '{state}' was not reached by it.")
            return None
        for value in ids.values():
            self.transport.admit(value)
        if ids:
            self._on_driven(Driven(ids["session"], "a session of --driver", (state,)))
        return SessionRef(ids) if ids else None

    def journeys(self, most_requests: int) -> Sequence[Journey]:
        """Returns one session for each state, to be read twice."""
        del most_requests
        return [Journey(state, lambda state=state: self.known(state), 2) for state in self.provider.lifecycle.states]  # type: ignore[misc]

    def _printed(self, state: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - the user's own command
                [*self.command, state], capture_output=True, timeout=COMMAND_SECONDS, check=False
            )
        except (OSError, ValueError) as error:  # ValueError: a NUL in it
            why = getattr(error, "strerror", None) or error
            raise SpecimenError(f"--driver '{self.command[0]}': cannot be run: {why}.") from error
        except subprocess.TimeoutExpired as error:
            raise _Failed(f"no answer within {COMMAND_SECONDS:g} s") from error
        if done.returncode != 0:
            *_, last = ["", *done.stderr.decode("utf-8", "replace").strip().splitlines()]
            raise _Failed(f"exit code {done.returncode}" + (f" ({shown(last)})" if last else ""))
        try:
            return done.stdout.decode().strip()
        except UnicodeDecodeError as error:
            raise _Failed("printed bytes that are not UTF-8") from error

    def _ids(self, text: str) -> dict[str, str]:
        """Returns the ids by kind; none where the command printed nothing."""
        ids = {"session": text} if text else {}
        if text.startswith("{"):
            try:
                ids = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise _Failed("printed a '{' that begins no JSON object") from error
        for kind, value in ids.items():
            if kind not in self.provider.lifecycle.ids:
                kinds = ", ".join(self.provider.lifecycle.ids)
                raise _Failed(f"printed an id of a kind '{shown(kind)}', which is none of {kinds}")
            if not isinstance(value, str) or not value or len(value) > _MOST_ID or not value.isprintable() or " " in value:
                raise _Failed("printed no id")
        if text and "session" not in ids:
            raise _Failed("printed no id of a session")
        return ids


class _Failed(Exception):
    """The command gave no session."""

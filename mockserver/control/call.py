"""One call of the control API, as its handlers see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from specimen.mockserver.control.problems import ControlProblem
from specimen.mockserver.control.server import Mounted, Server
from specimen.mockserver.control.shared_log import LogReader
from specimen.mockserver.errors import did_you_mean
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.sessions.namespaces import Namespace
from specimen.mockserver.sessions.service import Sessions

API = "/_specimen/v1"


@dataclass(slots=True)
class Call:
    """A call whose parameters and body fit the document."""

    server: Server
    log: LogReader
    namespace: Namespace
    origin: str
    headers: Mapping[str, str]
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any = field(default=None)

    def mounted(self, name: str) -> Mounted:
        """The provider of that name.

        Raises:
            ControlProblem: it is not served.
        """
        found: Mounted | None = self.server.mounted.get(name)
        if found is None:
            names = list(self.server.mounted)
            raise ControlProblem(404, f"provider '{name}' is not served here. {did_you_mean(name, names)}", {"providers": names})
        return found

    def sessions(self, mounted: Mounted) -> Sessions:
        """The sessions of a provider in the namespace."""
        origin = f"{self.origin}/{mounted.provider.name}"
        return Sessions(mounted.shared_state, self.namespace, origin, self.namespace.clock.now())


Handler = Callable[[Call], Awaitable[Reply]]

"""Sends the request cases to an implementation, with a session made for those that are about one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from specimen.contracts.client.transport import Transport
from specimen.contracts.http.credentials import as_headers, of_lifecycle
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.payloads.generate.expected_outcomes import UNKNOWN_RULE, as_template
from specimen.contracts.payloads.generate.setup import creation
from specimen.contracts.payloads.model.case import Case
from specimen.contracts.payloads.model.case_types import REJECT
from specimen.contracts.payloads.model.valid_payloads import REQUEST
from specimen.contracts.requests.request_encoder import send
from specimen.contracts.requests.request_templates import RequestTemplate, ids_shown, minimal_request
from specimen.specs import Provider, SpecimenError

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class Sender:
    """An implementation to which request cases are sent.

    Args:
        provider: whose contract the cases are of.
        url: the base URL of the implementation.
        auth: a token, or headers; by default the one that our mock takes.
        allow_writes: your own hosts; nothing is sent to any other host but this machine.
        transport: an `httpx` transport instead of the network.
    """

    def __init__(
        self,
        provider: Provider,
        url: str,
        *,
        auth: Mapping[str, str] | str | None = None,
        allow_writes: Sequence[str] = (),
        transport: Any = None,
    ) -> None:
        headers = as_headers(provider, of_lifecycle(provider) if auth is None else auth)
        self.provider = provider
        self.transport = Transport(
            url, provider, headers=headers, allow_writes=frozenset(allow_writes), seen_by="payloads", transport=transport
        )
        if self.transport.is_production:
            self.transport.close()
            raise SpecimenError(
                f"URL '{url}': {self.transport.host} is not this machine and may be a production host. "
                "If it is yours, name it in allow_writes."
            )

    def send(self, case: Case) -> Exchange:
        """Sends a request case, and returns the exchange.

        Raises:
            SpecimenError: it is no request, or the session that it needs could not be made.
        """
        if case.direction != REQUEST:
            raise SpecimenError(f"case '{case.id}': it is a response; there is nothing to send.")
        wanted = self._of(case)
        if case.made_with:
            self._made(case.made_with)
        unknown_ids = {"unknown_id": True} if case.rule == UNKNOWN_RULE and case.verdict == REJECT else {}
        return send(self.transport, wanted, intent={"case": case.id, **unknown_ids})

    def _of(self, case: Case) -> RequestTemplate:
        needed = set(_PLACEHOLDER.findall(repr(case.base.payload))) & set(self.provider.lifecycle.ids)
        return as_template(case.base, case.payload, case.content_type, self._ids() if needed else None)

    def _ids(self) -> Mapping[str, str]:
        """The ids of a new session."""
        lifecycle = self.provider.lifecycle
        ids = self._made({})
        missing = set(lifecycle.ids) - set(ids)
        for read in lifecycle.reads if missing else ():
            wanted = minimal_request(self.provider, read.operation, ids)
            if wanted is not None:
                ids = {**ids_shown(self.provider, send(self.transport, wanted, intent={}), needs_own=False), **ids}
        return ids

    def _made(self, fields: Mapping[str, str]) -> dict[str, str]:
        """The ids that the creation of a session with these fields shows."""
        exchange = send(self.transport, creation(self.provider, fields), intent={})
        ids = ids_shown(self.provider, exchange)
        if "session" not in ids:
            operation = self.provider.lifecycle.create.operation
            raise SpecimenError(f"{operation}: expected a new session for the case, got {exchange.status}.")
        return ids

    def close(self) -> None:
        """Closes the connections."""
        self.transport.close()

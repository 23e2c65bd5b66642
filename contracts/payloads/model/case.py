"""An edge case: one payload, its mutation, and the expected outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default
from typing import Any

from specimen.contracts.payloads.model.mutations import shown
from specimen.contracts.payloads.model.valid_payloads import Base


@dataclass(frozen=True)
class Case:
    """A payload that is one mutation away from a valid, coherent one.

    Attributes:
        id: `<provider>.<operation>.<direction>[.<state>]:<field>:<kind>`; the same in every version for the same case.
        direction: `request` or `response`.
        kind: `<family>.<name>`.
        field: where the change is, a JSON pointer into the payload.
        value: what stands there now, as `specimen.contracts.payloads.model.mutations.shown` writes it.
        payload: a response's body; a request as `{"path", "query", "headers", "body"}`. Bytes that are no JSON of Python's are
            `bytes` (in a request: its body).
        verdict: `accept`: it conforms to the contract; `reject`: it breaks the contract; `either`: unspecified, because the
            contract leaves it open, a reader may tolerate it, or only an assumption of ours forbids it.
        expect_status: a request: the documented statuses that are right (of `either`, all that may come); a response: the
            status that it comes with.
        rule: the rule that a `reject` breaks, or that an `either` would break if it were more than an assumption.
        rationale: why the case matters.
        source: where the kind comes from.
        tags: the family, the kind's own, the provider's state.
        made_with: fields with which a session must have been created before the request is sent.
    """

    id: str
    provider: str
    operation: str
    direction: str
    kind: str
    field: str
    value: Any
    payload: Any
    verdict: str
    expect_status: tuple[int, ...]
    rule: str | None
    rationale: str
    source: str
    tags: tuple[str, ...]
    state: str | None
    base: Base
    content_type: str | None = None
    made_with: Mapping[str, str] = default(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The case as JSON: `id, provider, operation, direction, kind, field, value, payload, verdict, …`."""
        payload = self.payload
        if isinstance(payload, Mapping) and isinstance(payload.get("body"), bytes):
            payload = {**payload, "body": shown(payload["body"])}
        return {
            "id": self.id,
            "provider": self.provider,
            "operation": self.operation,
            "direction": self.direction,
            "kind": self.kind,
            "field": self.field,
            "value": self.value,
            "payload": shown(payload),
            **({} if self.content_type is None else {"content_type": self.content_type}),
            **({"made_with": dict(self.made_with)} if self.made_with else {}),
            "verdict": self.verdict,
            "expect_status": list(self.expect_status),
            "rule": self.rule,
            "rationale": self.rationale,
            "source": self.source,
            "tags": list(self.tags),
        }

"""Events as deliveries: sealed as their vendor does, and such as only an attacker would send."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from specimen.contracts.payloads.model.case import Case
from specimen.contracts.payloads.model.case_types import ACCEPT, EITHER, REJECT
from specimen.contracts.payloads.model.event_payloads import WEBHOOK
from specimen.contracts.payloads.model.mutations import as_bytes, shown
from specimen.contracts.webhooks.attacks import EXPECTED, Attack, Outcome, attacks_on
from specimen.contracts.webhooks.forging import Forged, Forger, SenderKeys
from specimen.contracts.webhooks.verification import webhooks_of
from specimen.specs import Provider

# What a receiver must do, as a verdict: what it must only survive is left to it.
_VERDICTS: dict[Outcome, str] = {"accept": ACCEPT, "refuse": REJECT, "survive": EITHER}
_STATUSES: dict[str, list[int]] = {ACCEPT: [200, 201, 202, 204], REJECT: [400, 401, 403, 422], EITHER: []}
# The times of a token, which a delivery sets anew; where a case is about them it does not.
_TIMES = ("/iat", "/exp")


def signed(provider: Provider, cases: Iterable[Case], keys: SenderKeys, now: int) -> Iterator[dict[str, Any]]:
    """Cases of events as JSON with a `delivery` each, `{method, headers, body}`, genuine at `now` (seconds since the epoch).

    Whatever a case changes in the event, the delivery is encrypted and signed as the vendor does it. Then come the cases of the
    delivery itself, whose event is valid: kinds `delivery.*`, one for each attack of `specimen webhooks attack` with one request.

    Raises:
        SpecimenError: a key is missing, or the provider sends nothing.
        MissingExtra: the vendor encrypts or sends tokens, and the extra `webhooks` is not installed.
    """
    _, webhooks = webhooks_of(provider)
    forger = Forger(provider, webhooks, keys.checked(webhooks), now)
    for case in cases:
        yield {**case.as_json(), "delivery": _delivery(sealed(forger, case))}
    for attack in attacks_on(webhooks):
        sendings = attack.make(forger)
        is_one = len(sendings) == 1 or attack.judges_each
        if is_one and sendings[0].forged.method == "POST" and not attack.name.startswith("genuine"):
            yield _of_attack(provider, attack, sendings[0].forged)


def sealed(forger: Forger, case: Case) -> Forged:
    """The genuine delivery of a case's event; its headers are those of the event before it was changed."""
    content = case.payload if isinstance(case.payload, bytes) else as_bytes(case.payload)
    is_timed = not case.field.startswith(_TIMES)
    return forger.sealed(content, shown_as=case.base.payload, is_timed=is_timed)


def _delivery(forged: Forged) -> dict[str, Any]:
    try:
        body: Any = forged.body.decode()
    except UnicodeDecodeError:
        body = shown(forged.body)
    return {"method": forged.method, "headers": dict(forged.headers), "body": body}


def _of_attack(provider: Provider, attack: Attack, forged: Forged) -> dict[str, Any]:
    verdict = _VERDICTS[attack.outcome]
    return {
        "id": f"{provider.name}.*.{WEBHOOK}:.:delivery.{attack.name}",
        "provider": provider.name,
        "operation": None,
        "direction": WEBHOOK,
        "kind": f"delivery.{attack.name}",
        "field": "",
        "value": None,
        "payload": None,
        "verdict": verdict,
        "expect_status": _STATUSES[verdict],
        "rule": attack.rule.id if verdict == REJECT else None,
        "rationale": f"{attack.sentence[0].upper()}{attack.sentence[1:]}: {EXPECTED[attack.outcome]}.",
        "source": attack.rule.source,
        "tags": ["delivery"],
        "delivery": _delivery(forged),
    }

"""Whole sessions of a vendor that sends webhooks: what is seen of them, and all that is sent."""

from __future__ import annotations

import json

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.webhooks.rules.observed_sessions import ObservedSessions
from specimen.contracts.webhooks.rules.rule_set import Sent
from specimen.fixtures import recipes
from specimen.fixtures import webhooks as events_of
from specimen.fixtures.recipes import session_histories
from tests.contracts.webhooks.receivers import forger


def life(name, scenario, state=None, *, sees_all=False):
    """What was seen of a session, and all its deliveries: genuine, answered 200.

    Its creation and its last state are seen, or all states; `state` is shown in place of its last one.
    """
    made = forger(name)
    provider, lifecycle = made.provider, made.provider.lifecycle
    life = session_histories.snapshots(provider, scenario, seed=1, key=scenario, at=made.now * 1000)
    observed = ObservedSessions(provider, provider.webhooks)
    create, read = provider.document.operations[lifecycle.create.operation], lifecycle.reads[0]
    answers = recipes.answers(provider)
    observed.see(_exchange(provider, create, answers[create.id](life[0])))
    for moment in life if sees_all else life[-1:]:
        body = json.loads(json.dumps(recipes.recipe.answer(answers[read.operation], moment)))
        if state is not None and moment is life[-1]:
            _put(body, read.status, state)
        observed.see(_exchange(provider, provider.document.operations[read.operation], body))
    sent = []
    for happening in events_of.happenings(made.webhooks, life[-1]):
        clear = events_of.cleartext(provider, life[-1], happening, f"whd_{happening.sequence}", made.now * 1000)
        forged = made.sealed(clear)
        sent.append(Sent(made.now, forged.headers, forged.body, 200))
    return observed, sent


def _put(body, pointer, value):
    *parents, last = pointer.split("/")[1:]
    for part in parents:
        body = body[part]
    body[last] = value


def _exchange(provider, operation, body):
    success = next(int(status) for status in operation.responses if status.startswith("2"))
    text = json.dumps(body if isinstance(body, dict) else dict(body), default=str).encode()
    return Exchange(
        provider=provider, method=operation.method.upper(), path=_path(operation), query="", request_headers={}, request_body=b"",
        status=success, response_headers={"content-type": "application/json"}, response_body=text, at=0, seen_by="test",
    )  # fmt: skip


def _path(operation):
    path = operation.path
    for parameter in operation.parameters:
        path = path.replace(f"{{{parameter.name}}}", "live" if parameter.name == "environment" else "x")
    return path

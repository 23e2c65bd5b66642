"""Reads recordings of deliveries, and judges them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from specimen.contracts.http.exchange import Exchange
from specimen.contracts.http.operation_matching import match
from specimen.contracts.judge.severity import DEFAULT_FAIL_ON
from specimen.contracts.reporting.model import Coverage, Covered, Found, Report, Sample
from specimen.contracts.webhooks.errors import WebhookError
from specimen.contracts.webhooks.rules.delivery_rules import judged
from specimen.contracts.webhooks.rules.observed_sessions import PATIENCE_SECONDS
from specimen.contracts.webhooks.rules.recorded_calls import RecordedEndpoint, observed_sessions, recorded_endpoints
from specimen.contracts.webhooks.rules.rule_set import Sent, counted, rules
from specimen.contracts.webhooks.verification import verify
from specimen.specs import Provider, SpecimenError
from specimen.specs.loading.webhooks import Webhooks


def _subscribed(provider: Provider, sent: Sequence[Sent], keys: Any, endpoints: Sequence[RecordedEndpoint]) -> frozenset[str]:
    """The types that must be there: those that the recorded endpoints of deliveries want; of other deliveries those that came."""
    found = set().union(*(endpoint.types for endpoint in endpoints if any(endpoint.is_target_of(one) for one in sent)))
    for one in sent:
        if not any(endpoint.is_target_of(one) for endpoint in endpoints):
            with suppress(WebhookError):
                found.add(verify(provider, one.headers, one.body, keys, now=one.at).type)
    return frozenset(found)


def report(
    provider: Provider,
    webhooks: Webhooks,
    sent: Sequence[Sent],
    keys: Any,
    started_at: int,
    *,
    hint: str = "",
    types: Collection[str] | None = None,
    calls: Sequence[Exchange] = (),
) -> Report:
    """The report of a judgement of a recording, in the form of all others; `hint` as in `judged`.

    `types` are those that the endpoint is subscribed to. Where they are not given, `calls` of the vendor's operations say so
    that were recorded as well; else a type that never came may be none of them. Of the sessions that they made once the endpoint
    worked every event must be there, if the recording goes on for long enough.
    """
    known, endpoints = rules(webhooks), recorded_endpoints(provider, webhooks, calls)
    subscribed = _subscribed(provider, sent, keys, endpoints) if types is None else types
    observed = observed_sessions(provider, webhooks, calls, endpoints, sent)
    end = max([one.at for one in sent] + [call.at / 1000 for call in calls], default=0.0)
    unsettled = observed.moved_since(end - PATIENCE_SECONDS)
    judgement = judged(
        provider, webhooks, sent, keys, observed=observed, hint=hint, types=subscribed, unsettled=unsettled
    )  # fmt: skip
    examined = tuple(one for one in known if one in judgement.examined)
    sample = Sample("POST", "", 0, "", "", started_at)
    found = tuple(Found(violation, count, sample) for violation, count in counted(judgement.violations).items())
    return Report(
        provider=provider.name, base_url="", profile=None, seed=None, fail_on=DEFAULT_FAIL_ON, started_at=started_at, seconds=0.0,
        requests=len(sent), found=found, reach=Coverage(rules=Covered(examined, tuple(known))), rules=tuple(known.values()),
        command="webhooks check",
        incomplete=() if sent else ("Nothing in the recording is a delivery.",),
    )  # fmt: skip


def read_har(path: Path, provider: Provider, webhooks: Webhooks) -> list[Sent]:
    """The deliveries in a HAR file: POST requests of the vendor's content type that are no calls of its documented operations.

    Raises:
        SpecimenError: it is no HAR file.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["log"]["entries"]
        found = []
        for entry in entries:
            request = entry["request"]
            headers = {one["name"].lower(): one["value"] for one in request["headers"]}
            is_plain = headers.get("content-type", "").partition(";")[0].strip() == webhooks.content_type
            if request["method"] != "POST" or not is_plain or _is_call(provider, webhooks, request.get("url", ""), headers):
                continue
            moment = datetime.fromisoformat(entry["startedDateTime"]).timestamp()
            answered = entry.get("response", {}).get("status")
            body = request.get("postData", {}).get("text", "").encode()
            status = answered if isinstance(answered, int) and answered > 0 else None
            found.append(Sent(moment, headers, body, status, str(request.get("url", ""))))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SpecimenError(f"{path}: cannot be read as HAR 1.2.") from error
    return found


def _is_call(provider: Provider, webhooks: Webhooks, url: str, headers: Mapping[str, str]) -> bool:
    """Whether a request calls a documented operation, below any base URL; what bears the vendor's signature does not."""
    if webhooks.signature is not None and webhooks.signature.header.lower() in headers:
        return False
    parts = urlsplit(url).path.split("/")
    return any(match(provider.document, "POST", "/" + "/".join(parts[start:])) is not None for start in range(1, len(parts)))

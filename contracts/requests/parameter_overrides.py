"""Overrides values of requests from lifecycle.yaml, such as the environment or the type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from specimen.specs import Provider, SpecimenError
from specimen.specs.core.errors import did_you_mean
from specimen.specs.loading.lifecycle import LifecycleRequest, Read


def with_values(provider: Provider, values: Mapping[str, str]) -> Provider:
    """Returns the provider with these values in its requests in place of lifecycle.yaml's (`environment=staging`).

    Only reads and scenarios that fit the values stay (`type=business`).

    Raises:
        SpecimenError: the provider's read has no such value.
    """
    if not values:
        return provider
    lifecycle = provider.lifecycle
    first = next((read for read in lifecycle.reads if read.status is not None), lifecycle.reads[0])
    known = _own_values(first.request)
    for name in values:
        if name not in known:
            raise SpecimenError(f"--set '{name}': '{first.operation}' has no such value. {did_you_mean(name, known)}")
    old = {name: known[name] for name in values}

    def changed(template: LifecycleRequest) -> LifecycleRequest:
        return replace(template, path=_replaced(template.path, old, values), body=_replaced(template.body, old, values))

    return replace(
        provider,
        lifecycle=replace(
            lifecycle,
            create=replace(lifecycle.create, request=changed(lifecycle.create.request)),
            reads=tuple(replace(read, request=changed(read.request)) for read in lifecycle.reads if _fits(read, values)),
            scenarios={name: entry for name, entry in lifecycle.scenarios.items() if not _differ(entry.facts, values)}
            or lifecycle.scenarios,
            errors={name: replace(case, request=changed(case.request)) for name, case in lifecycle.errors.items()},
        ),
    )


def _own_values(template: LifecycleRequest) -> dict[str, str]:
    """Returns the texts of a path and a body that are no placeholders."""
    body = template.body if isinstance(template.body, Mapping) else {}
    return {name: text for name, text in {**template.path, **body}.items() if isinstance(text, str) and "{" not in text}


def _replaced(node: Any, old: Mapping[str, str], values: Mapping[str, str]) -> Any:
    if not isinstance(node, Mapping):
        return node
    return {name: values[name] if name in values and value == old[name] else value for name, value in node.items()}


def _fits(read: Read, values: Mapping[str, str]) -> bool:
    return not _differ(read.facts, values)


def _differ(facts: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    return any(facts.get(name, value) != value for name, value in values.items())

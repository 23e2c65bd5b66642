"""What the bodies of errors tell: the constant, the fields that are blamed, and whether the account is the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# On an answer or on an example of one: any valid request may meet it, by reason of the caller's account.
ACCOUNT_DEPENDENT = "x-account-dependent"
# On an example of such an answer: the value of lifecycle.yaml's `values` that another account may need to be another one.
PROBE_VALUE = "x-probe-value"


@dataclass(frozen=True, slots=True)
class AccountRefusal:
    """An answer that any valid request may meet, by reason of the caller's account.

    `code` is the constant by which its body tells it, None where the whole status is meant; `fields` are the names of the
    fields that the body blames, where the code alone does not tell it. `value` is the name of the value of lifecycle.yaml that
    was refused.
    """

    reason: str
    code: str | None = None
    fields: tuple[str, ...] = ()
    value: str | None = None


def account_refusals(response: Mapping[str, Any], examples: Sequence[Mapping[str, Any]]) -> tuple[AccountRefusal, ...]:
    """The answers of a status that are marked as tied to the account, or the examples of it that are."""
    is_whole = bool(response.get(ACCOUNT_DEPENDENT))
    others = {error_code(each.get("value")) for each in examples if not (is_whole or each.get(ACCOUNT_DEPENDENT))}
    found = []
    for each in examples:
        code = error_code(each.get("value"))
        if code is not None and (is_whole or each.get(ACCOUNT_DEPENDENT)):
            fields = blamed_fields(each.get("value")) if code in others else ()
            found.append(AccountRefusal(_words(each), code, fields, each.get(PROBE_VALUE, response.get(PROBE_VALUE))))
    whole = AccountRefusal(str(response.get("description", "")), value=response.get(PROBE_VALUE))
    return (*found, *([whole] if is_whole else []))


def _words(example: Mapping[str, Any]) -> str:
    """What an example of an error says, in words."""
    value = example.get("value")
    error = value.get("error", value) if isinstance(value, Mapping) else None
    said = error.get("message") if isinstance(error, Mapping) else None
    return str(said or example.get("summary") or error_code(value))


def error_code(body: Any) -> str | None:
    """The constant by which an error's body tells what is wrong, at the top or in its `error`; None without one.

    It is the `code`, or the `message` where errors have no codes.
    """
    error = _error(body)
    code = error.get("code", error.get("message"))
    return code if isinstance(code, str) else None


def blamed_fields(body: Any) -> tuple[str, ...]:
    """The names of the fields that an error's body lists as wrong, under `fields`."""
    listed = _error(body).get("fields")
    names = [entry.get("field") for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []
    return tuple(name for name in names if isinstance(name, str))


def _error(body: Any) -> Mapping[str, Any]:
    error = body.get("error") if isinstance(body, Mapping) else None
    found = error if isinstance(error, Mapping) else body
    return found if isinstance(found, Mapping) else {}

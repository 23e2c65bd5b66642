"""The sessions that the user gave with `--session`, as ids by kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from specimen.contracts.judge.validation.request_validation import request_errors
from specimen.contracts.requests.request_encoder import encode
from specimen.contracts.requests.request_templates import filled
from specimen.specs import Provider, SpecimenError


def given(provider: Provider, text: str) -> Mapping[str, str]:
    """Parses an `ID` or `KIND=ID` into an id by its kind.

    Raises:
        SpecimenError: the kind is unknown, or the text is not UTF-8.
    """
    kind, equals, value = as_text(text).partition("=")
    if not equals:
        return {"session": text}
    kind = "session" if kind == "id" else kind
    if kind not in provider.lifecycle.ids:
        raise SpecimenError(f"--session '{kind}=…': expected an id, or one of {', '.join(provider.lifecycle.ids)} before '='.")
    return {kind: value}


def as_text(text: str) -> str:
    """Returns the text of a `--session`, unchanged.

    Raises:
        SpecimenError: it is not UTF-8.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise SpecimenError("--session: its text is not UTF-8.") from error
    return text


def given_ids(sessions: Sequence[str]) -> tuple[str, ...]:
    """Returns the ids without their kinds."""
    return tuple(text.partition("=")[2] if "=" in text else text for text in sessions)


def refusals(provider: Provider, sessions: Sequence[str], *, is_production: bool) -> Iterator[str]:
    """Yields a sentence for each given session whose id is invalid by the document; the sentence has its number, not the id."""
    for number, text in enumerate(sessions, 1):
        ids = given(provider, text)
        reads = [filled(provider, read.operation, read.request, ids) for read in provider.lifecycle.reads]
        faults = [request_errors(encode(provider, wanted)) for wanted in reads if wanted is not None]
        if faults and all(faults):
            end = "so it is not asked for" if is_production else "so it is asked for as one that is none"
            yield f"--session, number {number} of {len(sessions)}: {faults[0][0].sentence}, {end}."

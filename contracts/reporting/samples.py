"""Makes the sample of a finding: commands that repeat it, and the answer without foreign texts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

from specimen.contracts.http.credentials import secret_headers
from specimen.contracts.http.exchange import Exchange
from specimen.contracts.judge.history import History
from specimen.contracts.judge.registry import rulebook
from specimen.contracts.judge.rule import Violation
from specimen.contracts.judge.validation.request_validation import request_errors
from specimen.contracts.redaction import curl_command as commands
from specimen.contracts.redaction.pseudonyms import Pseudonyms
from specimen.contracts.redaction.spec_terms import named_strings, strings
from specimen.contracts.redaction.values import shown_pointer, words
from specimen.contracts.reporting.answer_values import extraction, is_moment, neighbours, shift, shown_at, unused
from specimen.contracts.reporting.model import Sample
from specimen.contracts.reporting.run_memory import LEAST_SECRET, Memory, is_made_of, other_part
from specimen.specs import Provider
from specimen.specs.core.json_pointer import at

# How often earlier exchanges are left out to learn which of them a finding rests on.
_MOST_TRIES = 120
# Commands that a reader may run before the last one.
_MOST_BEFORE = 12
_VARIABLE = re.compile(r"\$\{?(SPECIMEN_[A-Z0-9_]+)")
_SET = re.compile(r"(?:^|; )(SPECIMEN_[A-Z0-9_]+)=")
# `kk_live_`: what kind of credential it is, as `invalid_credential` keeps it.
_KIND = re.compile(r"\A(?:[A-Za-z]{1,8}_)*")
_PLAIN = re.compile(r"[A-Za-z0-9._-]+")
ANSWER = "SPECIMEN_ANSWER"
AGAIN = "This shows only after earlier requests: run the same `specimen` command again, with the same seed."
KEY = "SPECIMEN_KEY"
IN_STATE = "The session was in the state"
COURSE = "The session must go the same way: where it moves by itself, run the same `specimen` command with the same seed."
LISTED = "The list must still show the sessions that it showed, as they were: they move, and newer ones take their place."
STATE = "The request changes its session: repeat it on a session in the state that this one was in."
_MEANINGS = {
    commands.TOKEN: "the credential of the run",
    commands.OTHER_TOKEN: "the second credential (--other-token)",
    commands.UNKNOWN_TOKEN: "an unknown credential; one of the same form is made where it is not set",
    commands.BODY: "a file with the body of the request",
    "SPECIMEN_PATH": "the path of the request",
}


class Sampler:
    """Makes samples of one run. `hidden` are the user's token and sessions, and the shell variables that stand for them."""

    def __init__(self, provider: Provider, base_url: str, hidden: Mapping[str, str], known: frozenset[str]) -> None:
        self.memory = Memory(provider, known)
        self._provider = provider
        self._known = known
        self._base_url = base_url
        self._hidden = hidden
        self._pseudonyms = Pseudonyms(os.urandom(16))

    def commands(self, exchange: Exchange, violation: Violation) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """Returns the command that repeats a request, those that must be run before it, and what they need besides."""
        if exchange.seen_by not in commands.OWN:
            command = commands.curl(exchange, self._base_url, self._hidden)
            needs = [] if self._stands_alone(exchange, violation) else [AGAIN]
            return command, (), (*self._needs((command,)), *needs)
        earlier = self._earlier(exchange, violation)
        needs = [AGAIN] if earlier is None else []
        steps = self._steps(exchange, [*self._story(exchange), *(earlier or [])] if earlier else [])
        if len(steps) > _MOST_BEFORE:
            needs, steps = [AGAIN], []
        if not steps and exchange.operation is not None and not exchange.operation.is_safe and exchange.parameters and not needs:
            needs.append(STATE)
        if not exchange.request_headers.get("idempotency-key", KEY) and AGAIN not in needs:
            needs.append(AGAIN)  # an empty key cannot be made a new one
        captured: dict[str, str] = {}
        before = list(self._fresh_key(exchange, captured)) if steps else []
        for index, step in enumerate(steps):
            later = [*steps[index + 1 :], exchange]
            before.append(self._captured(step, later, captured))
        command = self._command(exchange, captured)
        needs = needs or list(self._states(exchange, steps))
        return command, tuple(before), (*self._needs((*before, command)), *needs)

    def _story(self, exchange: Exchange) -> Iterator[Exchange]:
        """What a session of this run went through before a request for it, its creation first."""
        ids = set(filter(None, map(self.memory.session_in, _values(exchange))))
        for one in self.memory.recent if ids else ():
            if one is exchange:
                return
            if any(self.memory.creation(text) is one for text in ids) or ids & set(_values(one)):
                yield one

    def _fresh_key(self, exchange: Exchange, captured: dict[str, str]) -> Iterator[str]:
        """The command that makes another idempotency key: the one of the run is used up."""
        key = exchange.request_headers.get("idempotency-key", "")
        if re.fullmatch(r"[A-Za-z0-9_-]{8,64}", key):
            captured[key] = KEY
            yield f"{KEY}={key}-$(date +%s)"

    def _states(self, exchange: Exchange, steps: list[Exchange]) -> Iterator[str]:
        """Says in which state a session was that a command reads, where it may since have left it, and no step made it so."""
        read = next((one for one in self._provider.lifecycle.reads if _is(one.operation, exchange) and one.status), None)
        is_list = read is None and exchange.operation is not None and exchange.operation.is_safe
        if steps and (read is not None or is_list):
            is_made = any(_is(self._provider.lifecycle.create.operation, step) for step in steps)
            yield LISTED if is_list and not is_made else COURSE
            return
        if read is None or not _values(exchange):
            return
        state = at(exchange.response_json, read.status or "")
        known = self._provider.lifecycle.states.get(state) if isinstance(state, str) else None
        may_leave = {edge.origin for edge in self._provider.lifecycle.transitions if edge.operation is not None}
        if known is None or not known.terminal or state in may_leave:
            yield f"{IN_STATE} {repr(state) if known is not None else 'of this answer'}, which it may have left."

    def _stands_alone(self, exchange: Exchange, violation: Violation) -> bool:
        rule = rulebook(self._provider).get(violation.rule)
        return rule is None or rule.check is None or self._fires(exchange, violation, [])

    def _fires(self, exchange: Exchange, violation: Violation, earlier: list[Exchange]) -> bool:
        rule, known, history = rulebook(self._provider)[violation.rule], words(self._provider), History()
        for one in earlier:
            history.add(one)
        return any(
            shown_pointer(one.pointer, known) == violation.pointer and (violation.mark == "A" or not one.is_assumed)
            for one in rule.findings(exchange, history)
        )

    def _earlier(self, exchange: Exchange, violation: Violation) -> list[Exchange] | None:
        """The earlier exchanges that a finding rests on, as few as it takes to be found out; None where they are forgotten."""
        if self._stands_alone(exchange, violation):
            return []
        kept = list(self.memory.recent)
        if not self._fires(exchange, violation, kept):
            return None
        size, tries = len(kept), 0
        while size > 1 and tries < _MOST_TRIES:
            size = (size + 1) // 2
            start = 0
            while start < len(kept) and tries < _MOST_TRIES:
                tries += 1
                fewer = kept[:start] + kept[start + size :]
                if self._fires(exchange, violation, fewer):
                    kept = fewer
                else:
                    start += size
        return kept

    def _steps(self, exchange: Exchange, earlier: list[Exchange]) -> list[Exchange]:
        """The earlier exchanges, with those that made what they use up, and those that showed what they send on."""
        steps = list({id(one): one for one in earlier}.values())
        while len(steps) <= _MOST_BEFORE:
            more = {id(one): one for user in (*steps, exchange) for one in self._needed(user)}
            new = [one for key, one in more.items() if one is not exchange and all(key != id(step) for step in steps)]
            if not new:
                break
            steps = [*new, *steps]
        order = {id(one): index for index, one in enumerate(self.memory.recent, 1)}  # what is older comes first
        return sorted(steps, key=lambda one: order.get(id(one), 0))

    def _needed(self, user: Exchange) -> Iterator[Exchange]:
        values = [*user.parameters.values(), *strings(user.request_json)]
        if user.operation is not None and not user.operation.is_safe:
            made = [one for one in map(self.memory.creation, values) if one is not None]
            asked = set(user.parameters.values()) if made else set()
            yield from made
            for one in self.memory.recent:  # what else changed the session
                is_change = one.is_success and one.operation is not None and not one.operation.is_safe
                if one is user:
                    break
                if is_change and asked & set(one.parameters.values()):
                    yield one
        cursors = [(text, user) for text in user.queries.values() if self.memory.is_received(text)]
        for text, like in (*((text, None) for text in self._foreign(user)), *cursors) if not request_errors(user) else ():
            source = self.memory.source(text, like)
            if source is not None:
                yield source

    def _foreign(self, exchange: Exchange) -> Iterator[str]:
        for name, text in (*named_strings(exchange.request_json), *exchange.queries.items()):
            if self.memory.is_foreign(exchange, name, text):
                yield text

    def _captured(self, step: Exchange, later: list[Exchange], captured: dict[str, str]) -> str:
        """The command for an earlier request, which keeps in variables what later ones send of its answer."""
        command = self._command(step, captured)
        sent = {
            text for one in later for text in (*one.parameters.values(), *strings(one.request_json), *one.queries.values())
        }  # fmt: skip
        is_creation = _is(self._provider.lifecycle.create.operation, step)
        wanted: dict[str, tuple[str, int]] = {}
        for name, text in named_strings(step.response_json):
            if name not in self._known or text in captured:  # a server's own name for a field is no part of a command
                continue
            if is_moment(text):  # that of a row would be another row's
                is_sent = is_creation and not sent.isdisjoint((text, *neighbours(text).values()))
            else:
                is_sent = any(is_made_of(value, text) for value in sent)
            if is_sent and self.memory.is_received(text):
                found = shown_at(step.response_body, name, text)
                if found is not None:
                    wanted.setdefault(text, (name, found))
        if not wanted:
            return command
        lines = [f"{ANSWER}=$({command})"]
        for text, (name, index) in wanted.items():
            variable = captured[text] = unused(commands.variable(name), captured.values())
            lines.append(f"""{variable}=$(printf %s "${ANSWER}" | {extraction(name, index)})""")
            for units, moved in neighbours(text).items():
                shifting = shift(text, units, variable) if moved in sent and moved not in captured else None
                if shifting is not None:
                    captured[moved] = unused(f"{variable}_{'EARLIER' if units < 0 else 'LATER'}", captured.values())
                    lines.append(f"{captured[moved]}=$({shifting})")
        return "; ".join(lines)

    def _command(self, exchange: Exchange, captured: Mapping[str, str]) -> str:
        hidden, instead = {**self._hidden, **captured}, {}
        issued = {text: name for text, name in self.memory.secrets.items() if text not in hidden}
        request = " ".join(
            (exchange.path, exchange.query, exchange.request_body.decode("utf-8", "replace"), *exchange.request_headers.values())
        )
        hidden.update((text, name) for text, name in issued.items() if text in request)
        known = {**issued, **hidden}
        for text, name in known.items():
            if len(text) >= LEAST_SECRET and text not in request and text[:-1] in request:
                hidden[text[:-1]] = f"{{{name}%?}}"
        is_made_up = exchange.seen_by == "fuzz" or bool(exchange.intent.keys() & {"invalid", "unknown_id", "malformed_id"})
        for name, text in (*named_strings(exchange.request_json), *exchange.queries.items()):
            if text in hidden:
                continue
            if commands.is_secret_field(name) and len(text) >= LEAST_SECRET:
                like = _almost(text, known)
                if like is not None:
                    hidden[text] = like
                    continue
                if not is_made_up:
                    instead[text] = self._pseudonyms.text(text)
            elif self.memory.is_foreign(exchange, name, text):
                instead[text] = self._pseudonyms.text(text)
        one = commands.rewritten(exchange, instead)
        if one is not exchange and request_errors(one) != request_errors(exchange):
            named = {text: name for name, text in (*named_strings(exchange.request_json), *exchange.queries.items())}
            hidden.update((text, commands.variable(named[text])) for text in instead)
            one = exchange
        return commands.curl(one, self._base_url, hidden, unknown=self._unknown(exchange))

    def _unknown(self, exchange: Exchange) -> str:
        """A credential of the form of the unknown one that was sent."""
        sent = next((value for name, value in exchange.request_headers.items() if name in secret_headers(self._provider)), "")
        sent = sent.rpartition(" ")[2]
        start = sent[: len(sent) - len(_KIND.sub("", sent, count=1))]
        made = start + self._pseudonyms.text(sent[len(start) :])
        return made if re.fullmatch(r"[A-Za-z0-9._-]{8,}", made) else "invalid"

    def _needs(self, lines: tuple[str, ...]) -> Iterator[str]:
        """Says what the variables of the commands stand for that none of them sets."""
        made = {name for line in lines for name in _SET.findall(line)}
        used = dict.fromkeys(name for line in lines for name in _VARIABLE.findall(line))
        for name in used:
            if name in made or name == ANSWER:
                continue
            if name in _MEANINGS:
                yield f"{name}: {_MEANINGS[name]}"
            elif re.fullmatch(r"SPECIMEN_SESSION(_\d+)?", name) and name in self._hidden.values():
                yield f"{name}: an id given with --session"
            else:
                plain = name.removeprefix("SPECIMEN_").lower()
                yield f"{name}: the request's {plain}, which is not shown"


def _values(exchange: Exchange) -> list[str]:
    """What a request names in its path and its body."""
    return [*exchange.parameters.values(), *strings(exchange.request_json)]


def _is(operation: str, exchange: Exchange) -> bool:
    return exchange.operation is not None and exchange.operation.id == operation


def repetition(sample: Sample) -> tuple[tuple[str, str], ...]:
    """Returns what a reader needs to repeat a finding, in order, each with its label: after, repeat, needs."""
    needs = (need for need in sample.needs if not need.startswith(f"{commands.TOKEN}:"))  # in nearly every command
    before = (("after", command) for command in sample.after)
    return (*before, ("repeat", sample.curl), *(("needs", need) for need in needs))


def _almost(text: str, known: Mapping[str, str]) -> str | None:
    """The expression for a text that differs from a secret in a few characters; None where it does not."""
    for secret, name in known.items():
        part = other_part(text, secret) if len(secret) >= LEAST_SECRET and not name.startswith("{") else None
        if part is not None and _PLAIN.fullmatch(text[slice(*part)]):
            return f"{{{name}:0:{part[0]}}}{text[slice(*part)]}${{{name}:{part[1]}}}"
    return None

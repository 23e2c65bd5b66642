"""What the page's forms do: each is an operation of the control API, with the form's fields as its body."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from specimen.mockserver.control.api import ControlApi
from specimen.mockserver.control.call import Call
from specimen.mockserver.control.problems import ControlProblem
from specimen.mockserver.control.server import Server
from specimen.mockserver.errors import SpecimenError
from specimen.mockserver.http.messages import Reply
from specimen.mockserver.preferences.faults import rules

_PERSON = ("given_names", "family_name")
_MOST_IN_STATE = 1


class Done(NamedTuple):
    """What came of a form: the API's answer, a sentence for people, and the session to show next."""

    reply: Reply
    text: str = ""
    show: tuple[str, str] | None = None


class Actions:
    """The page's forms, in one namespace."""

    def __init__(self, control: ControlApi, server: Server, namespace: str, origin: str) -> None:
        self._control = control
        self._server = server
        self._namespace = namespace
        self._origin = origin

    async def do(self, name: str, form: Mapping[str, str]) -> Done | None:
        """Does what a form says; None where no form has that name."""
        action = ACTIONS.get(name)
        return None if action is None else await action(self, form)

    async def _operate(self, operation_id: str, body: Any = None, **path: str) -> Reply:
        return await self._control.operate(operation_id, self._namespace, self._origin, path, body)

    # -- sessions -------------------------------------------------------------------------------------------------------

    async def create(self, form: Mapping[str, str]) -> Done:
        """A session in a scenario, of a person whose name may be given."""
        facts = {name: form[name] for name in _PERSON if form.get(name)}
        body = {"provider": form.get("vendor", ""), **_given(form, "scenario", "pace"), **({"facts": facts} if facts else {})}
        reply = await self._operate("createSession", body)
        if reply.status != 201:
            return Done(reply)
        made = reply.body["session"]
        return Done(reply, f"Created {made['id']}.", (made["provider"], made["id"]))

    async def move(self, form: Mapping[str, str]) -> Done:
        """A session in another state."""
        vendor, session, to = form.get("vendor", ""), form.get("session", ""), form.get("to", "")
        facts = {name.removeprefix("fact."): value for name, value in form.items() if name.startswith("fact.") and value}
        body: dict[str, Any] = {"to": to}
        if facts:
            body["facts"] = {name: self._typed(vendor, name, value) for name, value in facts.items()}
        return Done(await self._operate("transitionSession", body, provider=vendor, id=session), f"Moved to {to}.")

    async def follow(self, form: Mapping[str, str]) -> Done:
        """The shown session over an edge of the diagram, else the newest one that is in the state where the edge begins."""
        vendor, origin = form.get("vendor", ""), form.get("from", "")

        async def first(call: Call) -> Reply:
            sessions = call.sessions(call.mounted(vendor))
            shown = await sessions.get(form["session"], poll=False) if form.get("session") else None
            if shown is None or shown.state != origin:
                found = await sessions.page("newest", _MOST_IN_STATE, state=origin)
                if not found:
                    raise ControlProblem(409, f"no session is in '{origin}' any more.")
                shown = found[0]
            return Reply(200, shown.id)

        reply = await self._control.run(first, self._namespace, self._origin, {})
        if reply.status != 200:
            return Done(reply)
        return await self.move({**form, "session": reply.body})

    async def advance(self, form: Mapping[str, str]) -> Done:
        """A session in the next state of its scenario."""
        return Done(await self._operate("advanceSession", {}, **_session(form)), "Moved on.")

    async def expire(self, form: Mapping[str, str]) -> Done:
        """A session at the end of its lifetime."""
        return Done(await self._operate("expireSession", {}, **_session(form)), "Its lifetime is over.")

    async def forget(self, form: Mapping[str, str]) -> Done:
        """No such session any more."""
        return Done(await self._operate("deleteSession", **_session(form)), "Forgotten.", (form.get("vendor", ""), ""))

    # -- time and faults ------------------------------------------------------------------------------------------------

    async def forward(self, form: Mapping[str, str]) -> Done:
        """The clock some seconds later."""
        try:
            seconds = float(form.get("seconds", ""))
        except ValueError:
            return Done(ControlProblem(400, "seconds: expected a number.").reply())
        return Done(await self._operate("forwardClock", {"seconds": seconds}), f"Forwarded by {form['seconds']} seconds.")

    async def freeze(self, _form: Mapping[str, str]) -> Done:
        """The clock, standing."""
        return Done(await self._operate("freezeClock", {}), "The clock stands.")

    async def run(self, _form: Mapping[str, str]) -> Done:
        """The clock, running."""
        return Done(await self._operate("runClock", {}), "The clock runs.")

    async def add_fault(self, form: Mapping[str, str]) -> Done:
        """A fault of a kind, as a `Prefer` header names it, for some requests."""
        value = form.get("value", "").strip()
        try:
            rule = rules.from_text(form.get("kind", "") + (f":{value}" if value else "")).as_json()
            match: dict[str, Any] = _given(form, "provider", "operation")
            if form.get("count"):
                match["count"] = int(form["count"])
        except (SpecimenError, ValueError) as error:
            return Done(ControlProblem(400, str(error)).reply())
        body = {name: entry for name, entry in rule.items() if name != "id"}
        return Done(await self._operate("addFault", {**body, **({"match": match} if match else {})}), "The fault is on.")

    async def use_preset(self, form: Mapping[str, str]) -> Done:
        """The faults of a preset in place of all others."""
        name = form.get("preset", "")
        return Done(await self._operate("setFaults", {"preset": name}), f"The faults of '{name}' are on.")

    async def remove_fault(self, form: Mapping[str, str]) -> Done:
        """A fault less."""
        return Done(await self._operate("deleteFault", fault=form.get("fault", "")), "The fault is off.")

    async def clear_faults(self, _form: Mapping[str, str]) -> Done:
        """No faults."""
        return Done(await self._operate("clearFaults"), "All faults are off.")

    # -- log and webhooks -----------------------------------------------------------------------------------------------

    async def clear_log(self, _form: Mapping[str, str]) -> Done:
        """An empty log."""
        return Done(await self._operate("clearRequests"), "The log is empty.")

    async def add_webhook(self, form: Mapping[str, str]) -> Done:
        """An endpoint more; its secret is shown this once."""
        reply = await self._operate("addWebhook", {"provider": form.get("vendor", ""), "url": form.get("url", "")})
        secret = (reply.body.get("keys") or {}).get("secret") if reply.status == 201 else None
        return Done(reply, "Added." + (f" Its secret, shown this once: {secret}" if secret else ""))

    async def remove_webhook(self, form: Mapping[str, str]) -> Done:
        """An endpoint less."""
        path = {"provider": form.get("vendor", ""), "endpoint": form.get("endpoint", "")}
        return Done(await self._operate("removeWebhook", **path), "Removed.")

    async def resend(self, form: Mapping[str, str]) -> Done:
        """A delivery once more."""
        path = {"provider": form.get("vendor", ""), "delivery": form.get("delivery", "")}
        return Done(await self._operate("resendDelivery", **path), "Sent again.")

    def _typed(self, vendor: str, name: str, text: str) -> Any:
        """The value of a vendor's choice that is written so; the text where there is none."""
        if vendor in self._server.mounted:
            choice = self._server.mounted[vendor].provider.lifecycle.choices.get(name)
            for value in () if choice is None else choice.values:
                if str(value) == text:
                    return value
        return text


def _given(form: Mapping[str, str], *names: str) -> dict[str, Any]:
    return {name: form[name] for name in names if form.get(name)}


def _session(form: Mapping[str, str]) -> dict[str, str]:
    return {"provider": form.get("vendor", ""), "id": form.get("session", "")}


Action = Callable[[Actions, Mapping[str, str]], Awaitable[Done]]
ACTIONS: Mapping[str, Action] = {
    "create": Actions.create,
    "move": Actions.move,
    "follow": Actions.follow,
    "advance": Actions.advance,
    "expire": Actions.expire,
    "forget": Actions.forget,
    "forward": Actions.forward,
    "freeze": Actions.freeze,
    "run": Actions.run,
    "add-fault": Actions.add_fault,
    "use-preset": Actions.use_preset,
    "remove-fault": Actions.remove_fault,
    "clear-faults": Actions.clear_faults,
    "clear-log": Actions.clear_log,
    "add-webhook": Actions.add_webhook,
    "remove-webhook": Actions.remove_webhook,
    "resend": Actions.resend,
}

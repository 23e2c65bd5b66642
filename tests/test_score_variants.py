"""Conforming variants of single vendors: each answers otherwise than the mock, in what it says it does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from specimen import specs
from tests.answer_differences import Answers, ChangedError, Do, Recorder
from tests.mockserver.calling import frozen_app
from tests.scenario_exchanges import in_process
from tests.score.asgi import Changed
from tests.score.near_variants import NEAR_VARIANTS
from tests.score.runs import subject
from tests.score.scoring import variants
from tests.score.vendor_variants import RATE, SESSIONS_ALLOWED, VENDOR_VARIANTS

TEXT = {"raw": b"{}", "content_type": "text/plain"}


async def kayle_redirect(do: Do) -> None:
    """A redirect that a browser's parser writes otherwise."""
    await do("POST", "/v1/sessions", {"redirect_url": "https://Shop.example"})


async def kayle_endpoints(do: Do) -> None:
    """One endpoint, twice."""
    await do("POST", "/v1/sessions", {"webhook_endpoint_id": ["we_1", "we_1"]})


async def kayle_creation(do: Do) -> None:
    """One creation."""
    await do("POST", "/v1/sessions", {})


async def kayle_creations(do: Do) -> None:
    """One creation more than an organization that is not verified may make."""
    for _ in range(SESSIONS_ALLOWED + 1):
        await do("POST", "/v1/sessions", {})


async def kayle_token(do: Do) -> None:
    """A token that nobody made."""
    made = await do("POST", "/v1/sessions", {})
    await do("POST", f"/v1/verify/session/{made['data']['id']}/cancel", {"cancel_token": "a" * 48})


async def kayle_text(do: Do) -> None:
    """A body that is no JSON by its type."""
    await do("POST", "/v1/sessions", **TEXT)


async def kyve_requests(do: Do) -> None:
    """Many requests."""
    for _ in range(RATE):
        await do("GET", "/v1/verifications")


async def kyve_text(do: Do) -> None:
    """A body that is no JSON by its type."""
    await do("POST", "/v1/sessions", **TEXT)


async def kyve_mark(do: Do) -> None:
    """A byte order mark before JSON."""
    await do("POST", "/v1/sessions", raw=b"\xef\xbb\xbf{}", content_type="application/json")


async def kayle_read(do: Do) -> None:
    """A session that is made and read twice."""
    made = await do("POST", "/v1/sessions", {})
    for _ in range(2):
        await do("GET", f"/v1/sessions/{made['data']['id']}")


async def kayle_listed(do: Do) -> None:
    """A session that is made and listed."""
    await do("POST", "/v1/sessions", {})
    await do("GET", "/v1/sessions")


async def kyve_media(do: Do) -> None:
    """A verification with media."""
    made = await do("POST", "/v1/sessions", {}, prefer="status=completed")
    await do("GET", f"/v1/verifications/{made['verification_id']}")


async def predicate_submitted(do: Do) -> None:
    """A session that waits for its decision."""
    made = await do("POST", "/api/v1/register/individual", {}, prefer="status=submitted")
    await do("GET", f"/api/v1/status/individual/{made['sessionId']}")


async def idnow_blocks(do: Do) -> None:
    """A session that has ended, with its data blocks."""
    path = "/api/v1/flows/0197c55f-5af6-7e3d-af9b-f2359b154be8/live/sessions"
    made = await do("POST", path, {}, prefer="status=COMPLETED")
    await do("GET", f"/api/v1/live/sessions/{made['sessionContext']['sessionId']}/datablocks")


STORIES: dict[str, tuple[str, Callable[[Do], Awaitable[None]], int]] = {
    "no_domain_verified": ("kayle", kayle_redirect, 400),
    "key_may_only_read": ("kayle", kayle_creation, 403),
    "organization_is_frozen": ("kayle", kayle_creation, 410),
    "few_sessions_allowed": ("kayle", kayle_creations, 429),
    "rate_limited": ("kyve", kyve_requests, 429),
    "errors_of_four_members": ("kayle", kayle_token, 401),
    "redirect_as_sent": ("kayle", kayle_redirect, 200),
    "endpoints_as_sent": ("kayle", kayle_endpoints, 200),
    "late_sweep": ("kayle", kayle_creation, 200),
    "other_content_types_unread": ("kyve", kyve_text, 201),
    "other_content_types_refused": ("kayle", kayle_text, 415),
    "byte_order_mark_refused": ("kyve", kyve_mark, 422),
    "reads_to_the_microsecond": ("kayle", kayle_read, 200),
    "reads_to_the_second": ("kayle", kayle_read, 200),
    "lists_to_the_microsecond": ("kayle", kayle_listed, 200),
    "lists_to_the_second": ("kayle", kayle_listed, 200),
    "lists_at_another_offset": ("kayle", kayle_listed, 200),
    "creations_at_another_offset": ("kayle", kayle_creation, 200),
    "touched_by_deliveries": ("kayle", kayle_read, 200),
    "links_signed_anew": ("kyve", kyve_media, 200),
    "ids_in_capitals_in_reads": ("predicate", predicate_submitted, 200),
    "user_known_late": ("predicate", predicate_submitted, 200),
    "blocks_beside_output": ("idnow", idnow_blocks, 200),
}


async def reported(label: str | None, name: str, story: Callable[[Do], Awaitable[None]], expected: Answers | None) -> Answers:
    """The answers to a story of the unbroken mock or of a variant; up to the first that is another than expected."""
    provider = specs.load(name)
    app = Changed(frozen_app(name), provider, None if label is None else subject(name, label).make())
    async with in_process(app) as client:  # type: ignore[arg-type]
        recorder = Recorder(client, provider, expected)
        try:
            await story(recorder.do)
        except ChangedError:
            return recorder.answers
        finally:
            assert app.mistake is None
    return [] if expected is not None else recorder.answers


@pytest.mark.parametrize("label", STORIES)
def test_variant__answers_otherwise_than_the_mock(label: str) -> None:
    """Nothing is to be found in it although it differs: one that answered as the mock would prove nothing."""
    name, story, status = STORIES[label]
    found = asyncio.run(reported(label, name, story, asyncio.run(reported(None, name, story, None))))
    assert found[-1][0] == status


def test_variants__each_is_registered_and_has_its_requests() -> None:
    """They are run like the others, for the providers that they are for."""
    assert {entry.name for entry in (*VENDOR_VARIANTS, *NEAR_VARIANTS)} == set(STORIES)
    for label, (name, _, _) in STORIES.items():
        assert label in variants(name)

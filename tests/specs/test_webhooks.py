"""webhooks.yaml: what it may not state, and an outside provider's own."""

from __future__ import annotations

import shutil

import pytest

from specimen import specs
from specimen.fixtures import webhooks
from specimen.fixtures.recipes import session_histories
from specimen.specs import SpecError
from specimen.specs.loading.webhooks import read_webhooks

FOLDER = specs.load("kyve").folder
RECIPE = """
def event(m, delivery):
    return {"id": delivery.event_id, "type": delivery.type, "status": m.state}

events = {"verification.completed": event}
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[completed]", "[complete]", "events/verification.completed: no such state 'complete'. Did you mean 'completed'?"),
        ("  verification.failed:", "  verification.fails:", "openapi.yaml has no webhook 'verification.fails'. Did you mean"),
        ("timeout_seconds: 10", "timeout_seconds: 0", "delivery/timeout_seconds"),
        ("mark: P", "mark: Q", "mark"),
        ("signature:", "signatur:", "top level"),
    ],
)
def test_read_webhooks__names_the_place_of_a_mistake(tmp_path, old, new, words):
    """Which file, which key, and what is possible."""
    path = tmp_path / "webhooks.yaml"
    text = (FOLDER / "webhooks.yaml").read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    provider = specs.load("kyve")
    with pytest.raises(SpecError) as caught:
        read_webhooks(path, provider.document, provider.lifecycle)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)


def test_read_webhooks__names_an_operation_that_there_is_not(tmp_path):
    """Where answers show an endpoint: which operation was meant."""
    provider, path = specs.load("kayle"), tmp_path / "webhooks.yaml"
    text = (provider.folder / "webhooks.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("createWebhookEndpoint:", "createWebhookEndpoints:"), encoding="utf-8")
    with pytest.raises(SpecError, match=r"endpoints/shown_by.*'createWebhookEndpoints'. Did you mean 'createWebhookEndpoint'"):
        read_webhooks(path, provider.document, provider.lifecycle)


def test_read_webhooks__a_provider_need_not_send_any():
    """No file, no webhooks."""
    assert specs.load("predicate").webhooks is None


def test_outside_provider__sends_webhooks_of_its_own(tmp_path, monkeypatch):
    """Two more files in its folder are all that it takes."""
    shutil.copytree(FOLDER, tmp_path / "outside")
    (tmp_path / "outside" / "webhooks.py").write_text(RECIPE, encoding="utf-8")
    monkeypatch.setenv(specs.SEARCH_PATH_VARIABLE, str(tmp_path))
    shutil.copy(FOLDER.parent.parent / "fixtures" / "recipes" / "kyve.py", tmp_path / "outside" / "recipe.py")
    provider = specs.load("outside")
    m = session_histories.snapshots(provider, "completed", seed=1, key="one", at=1_773_916_290_000)[-1]
    last = webhooks.happenings(provider.webhooks, m)[-1]
    found = webhooks.cleartext(provider, m, last, "whd_1", m.now)
    assert found == {"id": last.event_id, "type": "verification.completed", "status": "completed"}
    with pytest.raises(SpecError, match=r"no recipe for 'verification.created'"):
        webhooks.cleartext(provider, m, webhooks.happenings(provider.webhooks, m)[0], "whd_1", m.now)

"""The application remembers where a bounded number of paths lead, whatever paths and hosts callers send."""

from __future__ import annotations

import pytest

from specimen import specs
from tests.mockserver.calling import ask, ask_entry, ask_raw, create_entry, frozen_app, read_entry


def test_places__many_hosts_fill_no_memory() -> None:
    """Answers kept for the hosts that callers name are few, however many they name."""
    app = frozen_app("kayle")
    entry = read_entry(app, "kayle", ask_entry(app, create_entry(app, "kayle")).json())
    for number in range(1_100):
        assert ask_entry(app, entry, Host=f"host-{number}.test").status_code == 200
    assert len(app.places._known) <= 1_024
    assert all(len(phase.answers) < 100 for phase in app.mounted["kayle"].shared_state.cached_states.values())


def test_places__many_and_long_paths_fill_no_memory() -> None:
    """Of the paths that callers make up, few are remembered, and no long one."""
    app = frozen_app("kayle")
    for number in range(1_100):
        assert ask_raw(app, "GET", f"/kayle/v1/sessions/vs_{number}")[0] == 401
    routed = app.mounted["kayle"].routed
    assert 0 < len(app.places._known) <= 1_024
    assert 0 < len(routed._matched) <= 1_024
    app.places._known.clear()
    routed._matched.clear()
    assert ask_raw(app, "GET", f"/kayle/v1/sessions/{'v' * 300}")[0] == 401
    assert (app.places._known, routed._matched) == ({}, {})


@pytest.mark.parametrize("name", specs.names())
def test_root__of_a_provider_served_alone_names_its_base_url(name: str) -> None:
    """`serve` prints that URL as one that it answers at; other methods are answered as the vendor does."""
    alone, mount = frozen_app(name), specs.load(name).mount
    answer = ask(alone, "GET", "/", {"Accept": "application/json"})
    assert (answer.status_code, answer.json()) == (200, {"providers": {name: f"http://127.0.0.1:8080{mount}"}})
    assert ask(alone, "POST", "/").status_code in (401, 404, 405)
    assert ask(frozen_app("kayle", "kyve"), "POST", f"{mount}/").status_code == 404

"""The fixture `kyc_mock` in other people's tests, run by pytest inside pytest."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

from specimen.mockserver.testing import pytest_plugin
from tests.documentation import blocks
from tests.serving import ROOT

pytest_plugins = ["pytester"]

IS_INSTALLED = any(entry.value == pytest_plugin.__name__ for entry in entry_points(group="pytest11"))

SUITE = '''
import json
import urllib.request

import pytest

from specimen.mockserver.testing.in_process import completed


def read(kyc_mock, session_id):
    request = urllib.request.Request(f"{kyc_mock.kayle.url}/v1/sessions/{session_id}", headers=kyc_mock.kayle.headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["data"]


def test_create_in_a_scenario(kyc_mock):
    """A session made to order does what its scenario says once time passes."""
    made = kyc_mock.kayle.create(scenario="liveness_failed")
    assert made["id"] == made["data"]["id"]
    assert read(kyc_mock, made["id"])["status"] == "created"
    kyc_mock.clock.forward(minutes=31)
    found = read(kyc_mock, made["id"])
    assert (found["status"], found["failure_code"]) == ("failed", "liveness_failed")


def test_clock_moves_every_provider(kyc_mock):
    """The clock is one for all, and tells its time."""
    before = kyc_mock.clock.now()
    kyc_mock.clock.forward(hours=1, seconds=1)
    assert kyc_mock.clock.now() - before >= 3_601_000


@pytest.mark.kyc_mock(freeze=True, now="2026-03-01T12:00:00Z", pace="manual")
def test_marker(kyc_mock):
    """The marker sets what `specimen serve` sets."""
    assert kyc_mock.clock.now() == 1_772_366_400_000
    made = kyc_mock.kayle.create()
    kyc_mock.clock.forward(minutes=5)
    assert read(kyc_mock, made["id"])["status"] == "created"


def test_wishes(kyc_mock):
    """Further wishes go with the create."""
    made = kyc_mock.kayle.create(status="failed", seed=7)
    assert made["data"]["status"] == "failed"


def test_every_provider_creates(kyc_mock):
    """Each provider makes a session by its own documented request."""
    from specimen import specs

    for name in specs.names():
        assert getattr(kyc_mock, name).create()["id"]
        assert getattr(kyc_mock, name).ids()


def test_impossible_wish(kyc_mock):
    """A wish that cannot be is an error that says what can."""
    from specimen.mockserver.errors import InvalidPreference

    with pytest.raises(InvalidPreference, match="Did you mean 'succeeded'"):
        kyc_mock.kayle.create(scenario="succeded")
    with pytest.raises(AttributeError, match="no provider 'kale'; it has .*kayle"):
        kyc_mock.kale


def test_nothing_is_left_over(kyc_mock):
    """Each test has a sandbox of its own."""
    assert completed(kyc_mock.app.namespaces.get("default")).request_log.added == 0


async def read_in_process(kyc_mock):
    made = kyc_mock.kayle.create(scenario="succeeded")
    async with kyc_mock.kayle.client() as client:
        answer = await client.get(f"/v1/sessions/{made['id']}")
    return answer.json()["data"]["status"]


def test_client_in_process(kyc_mock):
    """The client calls the mock without a port, inside a running loop too."""
    import asyncio

    assert asyncio.run(read_in_process(kyc_mock)) == "created"
    assert kyc_mock._url is None
'''


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Somebody's tests in a folder of their own, warnings as errors."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile(SUITE)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = --strict-markers\n")
    return pytester


def _inside(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    # Where the distribution is installed its entry point has loaded the plugin; giving it again would register it twice.
    plugins = [] if IS_INSTALLED else [pytest_plugin]
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments, plugins=plugins)


def test_plugin__in_process(suite: pytest.Pytester) -> None:
    """The suite passes in this process."""
    result = _inside(suite)
    result.assert_outcomes(passed=8)


def test_plugin__in_two_workers(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite passes in two workers of xdist, in processes without this one's imports."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others' plugins take seconds to load
    named = ("-p", "xdist.plugin", "-p", pytest_plugin.__name__, "-p", "no:cacheprovider")
    result = suite.runpytest_subprocess(*named, "-n", "2")
    result.assert_outcomes(passed=8)


def test_plugin__announces_its_marker(suite: pytest.Pytester) -> None:
    """`pytest --markers` and `--fixtures` tell what the plugin gives."""
    result = _inside(suite, "--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.kyc_mock(*"])
    fixtures = _inside(suite, "--fixtures")
    fixtures.stdout.fnmatch_lines(["kyc_mock*", "*A sandbox of this test's own*"])


def test_plugin__wrong_setting(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that does not exist, or cannot be, fails the test with its sentence."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.kyc_mock(pace="fast")
        def test_pace(kyc_mock):
            pass

        @pytest.mark.kyc_mock(locale="xx")
        def test_locale(kyc_mock):
            pass

        @pytest.mark.kyc_mock(spede=3)
        def test_name(kyc_mock):
            pass
        """
    )
    result = _inside(pytester)
    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines(["*pace 'fast': expected instant*", "*locale 'xx': there is none*", "*spede*"])


def test_sandbox__of_a_wider_scope_is_reset_between_tests(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fixtures of docs/tests.md: one port for the whole run, and each test begins with nothing of the one before."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (fixtures,) = (block.text for block in blocks("python") if block.page == "docs/tests.md" and 'scope="session"' in block.text)
    pytester.makeconftest(fixtures)
    pytester.makepyfile(
        """
        import urllib.request

        import pytest

        SEEN = []

        @pytest.mark.parametrize("number", [1, 2])
        def test_begins_anew(kyc_mock, number):
            assert kyc_mock.requests() == []
            assert kyc_mock.control.sessions() == []
            assert kyc_mock.control.faults() == []
            assert kyc_mock.control.clock().frozen is False
            assert kyc_mock.control.settings()["pace"] == "manual"
            session = kyc_mock.kayle.create()
            kyc_mock.clock.forward(hours=1)
            kyc_mock.clock.freeze()
            kyc_mock.control.settings(pace="instant")
            kyc_mock.faults.add("delay", seconds=0)
            read = urllib.request.Request(f"{kyc_mock.kayle.url}/v1/sessions/{session['id']}", headers=kyc_mock.kayle.headers)
            urllib.request.urlopen(read).close()
            SEEN.append((session["id"], kyc_mock.url))
            assert len(set(SEEN)) == 1
        """
    )
    _inside(pytester).assert_outcomes(passed=2)

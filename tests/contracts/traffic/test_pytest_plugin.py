"""The fixture `kyc_contract` in other people's tests, run by pytest inside pytest."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points

# pytest within this process forgets the modules that it is the first to import; who imports them again gets other classes.
import anyio._backends._asyncio  # noqa: F401 - its exceptions must be those that httpcore translates
import httpcore._backends.anyio  # noqa: F401 - likewise
import pytest

from specimen.contracts.traffic import pytest_plugin
from tests.contracts.targets import mock, session_id
from tests.serving import ROOT

pytest_plugins = ["pytester"]

IS_INSTALLED = any(entry.value == pytest_plugin.__name__ for entry in entry_points(group="pytest11"))
SESSION = session_id()

SUITE = '''
import asyncio
import os

import httpx
import pytest

URL = os.environ["KAYLE_URL"]
PATH = "/v1/sessions/" + os.environ["KAYLE_SESSION"]
AUTH = {"Authorization": "Bearer kk_live_specimen"}


def wrong(request):
    """An answer with a state that is none."""
    with httpx.Client() as client:
        body = client.get(URL + PATH, headers=AUTH).json()
    body["data"] |= {"id": "x", "status": "weird"}
    return httpx.Response(200, json=body)


def assumed(request):
    """An answer that breaks an assumed rule only: a time without its offset."""
    with httpx.Client() as client:
        body = client.get(URL + PATH, headers=AUTH).json()
    body["data"] |= {"expires_at": "tomorrow", "later_field": 1}
    return httpx.Response(200, json=body)


@pytest.fixture
def kayle_url():
    return URL


def test_holds(kyc_contract):
    client = kyc_contract.client("kayle", url=URL, headers=AUTH, timeout=5)
    assert client.get(PATH).json()["data"]["status"] == "succeeded"
    with client.stream("GET", PATH) as answer:
        assert len(list(answer.iter_lines())) > 0
    assert kyc_contract.exchanges == 2
    assert kyc_contract.violations == []


def test_broken(kyc_contract):
    client = kyc_contract.client("kayle", url="https://kyc.example", transport=httpx.MockTransport(wrong), headers=AUTH)
    assert client.get("/v1/sessions/x").status_code == 200
    assert client.get("https://elsewhere.example/").status_code == 200


def test_broken_and_wrong(kyc_contract):
    client = kyc_contract.client("kayle", url="https://kyc.example", transport=httpx.MockTransport(wrong))
    assert client.get("/v1/sessions/x").status_code == 404


def test_note(kyc_contract):
    kyc_contract.client("kayle", url=URL, transport=httpx.MockTransport(assumed), headers=AUTH).get(PATH)
    assert [note.rule for note in kyc_contract.notes] == ["KAY-017"]


def test_strict(kyc_contract):
    kyc_contract.client("kayle", url=URL, strict=True, transport=httpx.MockTransport(assumed), headers=AUTH).get(PATH)


def test_async(kyc_contract):
    async def read():
        async with kyc_contract.async_client("kayle", url=URL, headers=AUTH) as client:
            return (await client.get(PATH)).status_code

    assert asyncio.run(read()) == 200
    assert kyc_contract.exchanges == 1


def test_requests(kyc_contract):
    pytest.importorskip("requests")
    session = kyc_contract.requests_session("kayle", url=URL)
    session.headers.update(AUTH)
    assert session.get(PATH).json()["data"]["status"] == "succeeded"
    assert session.get(URL + PATH).status_code == 200
    assert kyc_contract.exchanges == 2


def test_requests_in_threads(kyc_contract):
    requests = pytest.importorskip("requests")
    from concurrent.futures import ThreadPoolExecutor

    plain = requests.adapters.HTTPAdapter.send
    session = kyc_contract.requests_session("kayle", url=URL)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: session.get(PATH, headers=AUTH).status_code, range(24)))
    assert (found, kyc_contract.exchanges) == ([200] * 24, 24)
    assert requests.adapters.HTTPAdapter.send is plain


def test_same_request_twice(kyc_contract):
    client = kyc_contract.client("kayle", url=URL, headers=AUTH)
    request = client.build_request("GET", PATH)
    client.send(request)
    client.send(request)
    assert kyc_contract.exchanges == 2


@pytest.mark.kyc_contract("kayle", url=URL)
def test_marker_judges_other_clients():
    assert httpx.get(URL + PATH, headers=AUTH).status_code == 200


@pytest.mark.kyc_contract("kayle", url=URL)
def test_marker_counts_once(kyc_contract):
    requests = pytest.importorskip("requests")
    httpx.get(URL + PATH, headers=AUTH)
    kyc_contract.client(headers=AUTH).get(PATH)
    requests.get(URL + PATH, headers=AUTH, timeout=5)
    kyc_contract.requests_session().get(PATH, headers=AUTH)
    httpx.get(URL.rpartition("/")[0] + "/_specimen/scenarios")
    assert kyc_contract.exchanges == 4


@pytest.mark.kyc_contract("kayle", url="kayle_url")
def test_marker_names_a_fixture():
    assert httpx.get(URL + PATH, headers=AUTH).status_code == 200


@pytest.mark.kyc_contract("kayle", url=URL)
def test_marker_broken():
    assert httpx.get(URL + PATH).status_code == 401
    assert httpx.get(URL + PATH, headers={**AUTH, "Prefer": "example=not_found"}).status_code == 404


@pytest.mark.kyc_contract("kayle", url=URL, strict=True)
def test_tokens_rotate(kyc_contract):
    for number in range(3):
        real = httpx.MockTransport(lambda request: httpx.Response(200, json=httpx.get(URL + PATH, headers=AUTH).json()))
        kyc_contract.client(transport=real, headers={"Authorization": f"Bearer kk_live_{number}"}).get(PATH)


def test_without():
    pass
'''
PASSED, FAILED = 12, 3


@pytest.fixture(scope="module")
def vendor() -> Iterator[str]:
    """The mock that the inner tests talk to."""
    with mock() as url:
        yield f"{url}/kayle"


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, vendor: str) -> pytest.Pytester:
    """Somebody's tests in a folder of their own, warnings as errors."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("KAYLE_URL", vendor)
    monkeypatch.setenv("KAYLE_SESSION", SESSION)
    pytester.makepyfile(SUITE)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = --strict-markers\n")
    return pytester


def _inside(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    # Where the distribution is installed its entry point has loaded the plugin; giving it again would register it twice.
    plugins = [] if IS_INSTALLED else [pytest_plugin]
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments, plugins=plugins)


def _shows(result: pytest.RunResult) -> None:
    result.assert_outcomes(passed=PASSED, failed=FAILED)
    text = result.stdout.str()
    for words in (
        "violations of the contract:",
        "GEN-005 the answer keeps its schema  (OpenAPI 3.1, Schema Object)",
        "  getSession 200 /data/status: expected one of 'created', ",
    ):
        assert words in text
    assert "kk_live_specimen" not in text.replace(SUITE, "").replace('AUTH = {"Authorization": "Bearer kk_live_specimen"}', "")
    assert "notes of kyc_contract: broken rules that fail no test" in text
    assert "KAY-017 every time is an ISO 8601 moment with its offset: getSession 200 /data/expires_at" in text
    failed = [line.split("::")[1].split(" ")[0] for line in result.stdout.lines if line.startswith("FAILED ")]
    assert sorted(failed) == ["test_broken", "test_broken_and_wrong", "test_strict"]


def test_plugin__in_process(suite: pytest.Pytester) -> None:
    """What breaks the contract fails at the test's end with readable text; notes are shown and fail nothing."""
    _shows(_inside(suite))


def test_plugin__in_two_workers(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in two workers of xdist, in processes without this one's imports."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others' plugins take seconds to load
    named = ("-p", "xdist.plugin", "-p", pytest_plugin.__name__, "-p", "no:cacheprovider")
    _shows(suite.runpytest_subprocess(*named, "-n", "2", timeout=60))


def test_plugin__adds_to_another_failure(suite: pytest.Pytester) -> None:
    """A test that fails by itself shows what was broken beside it, once."""
    result = _inside(suite, "-k", "broken_and_wrong")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert 200 == 404*", "*kyc_contract*", "*violations of the contract:*"])
    assert result.stdout.str().count("violations of the contract:") == 1


def test_plugin__tells_where_nothing_was_judged(suite: pytest.Pytester) -> None:
    """A marked test that talks to another place, or to nobody, holds nothing: it is named at the end, and passes."""
    suite.makepyfile(
        test_it="""
        import os
        import httpx
        import pytest

        URL = os.environ["KAYLE_URL"]

        @pytest.mark.kyc_contract("kayle", url="http://127.0.0.1:9/kayle")
        def test_elsewhere():
            httpx.get(URL + "/v1/sessions")

        @pytest.mark.kyc_contract("kayle", url=URL)
        def test_here():
            httpx.get(URL + "/v1/sessions")

        @pytest.mark.kyc_contract("kayle", url=URL)
        def test_skipped():
            pytest.skip("not today")

        def test_unmarked(kyc_contract):
            pass
        """
    )
    result = _inside(suite, "test_it.py")
    result.assert_outcomes(passed=3, skipped=1)
    result.stdout.fnmatch_lines(
        ["*kyc_contract: nothing was judged*", "test_it.py::test_elsewhere: no exchange with kayle at http://127.0.0.1:9/kayle*"]
    )
    assert result.stdout.str().count("no exchange with") == 1


def test_plugin__announces_itself(suite: pytest.Pytester) -> None:
    """`pytest --markers` and `--fixtures` tell what the plugin gives."""
    _inside(suite, "--markers").stdout.fnmatch_lines(["@pytest.mark.kyc_contract(*"])
    _inside(suite, "--fixtures").stdout.fnmatch_lines(["kyc_contract*", "*Clients whose exchanges are judged*"])


def test_plugin__mistakes(suite: pytest.Pytester) -> None:
    """A provider, URL or marker that cannot be is an error with its sentence."""
    suite.makepyfile(
        test_it="""
        import pytest

        def test_provider(kyc_contract):
            kyc_contract.client("kale", url="http://127.0.0.1:9")

        def test_no_url(kyc_contract):
            kyc_contract.client("kayle")

        def test_url(kyc_contract):
            kyc_contract.client("kayle", url="127.0.0.1:9")

        @pytest.mark.kyc_contract("kayle", ulr="http://127.0.0.1:9")
        def test_marker():
            pass

        @pytest.mark.kyc_contract("kayle")
        def test_marker_without_url():
            pass
        """
    )
    result = _inside(suite, "test_it.py")
    result.assert_outcomes(failed=3, errors=2)
    for words in ("Did you mean 'kayle'", "no url. Give it to the client or to the marker", "expected http:// or https://"):
        assert words in result.stdout.str()
    result.stdout.fnmatch_lines(["*expected @pytest.mark.kyc_contract*", "*the marker kyc_contract has no url*"])

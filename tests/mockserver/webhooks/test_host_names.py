"""Host names that are none: refused wherever one is given, in one sentence, and never sent to."""

from __future__ import annotations

import subprocess
import sys

import pytest

from specimen.mockserver.errors import SettingError
from specimen.mockserver.settings import Settings
from specimen.mockserver.webhooks import keys
from specimen.mockserver.webhooks.endpoints import check_url
from tests.mockserver.calling import ask
from tests.mockserver.control.steering import control, created
from tests.mockserver.webhooks.test_delivery import mock  # noqa: F401 - a fixture
from tests.mockserver.webhooks.test_steering import _wait
from tests.serving import ROOT

NO_NAMES = (
    "a..b",
    f"{'a' * 64}.example",
    ".example",
    "a b",
    "-a.example",
    f"{'a.' * 130}example",
    "",
    "kyc.example:80",
    "\ud800x",
)
NO_HOST = "is no host name, address or port that a URL may have."
AUTH = {"Authorization": "Bearer kk_live_specimen"}


@pytest.mark.parametrize("host", NO_NAMES)
@pytest.mark.parametrize("setting", ["webhook_hosts", "allowed_hosts"])
def test_settings__refuse_what_is_no_host_name(setting, host):
    """Before anything is served; the message names the option."""
    with pytest.raises(SettingError, match=f"^--{setting.replace('_', '-')[:-1]} "):
        Settings(**{setting: (host,)})


def test_settings__take_names_in_every_spelling():
    """Capitals, other alphabets, a dot at the end, addresses with brackets or without."""
    hosts = ("KYC.Example", "bücher.example", "kyc.example.", "10.0.0.7", "[fd00::1]", "fd00::2", "my_container")
    wanted = ("kyc.example", "xn--bcher-kva.example", "kyc.example.", "10.0.0.7", "fd00::1", "fd00::2", "my_container")
    assert Settings(webhook_hosts=hosts).webhook_hosts == Settings(allowed_hosts=hosts).allowed_hosts == wanted


@pytest.mark.parametrize("host", ["a..b", f"{'a' * 64}.example", "ü..example", "-a.example"])
def test_targets__no_host_name_is_a_target(mock, host):  # noqa: F811
    """The control API answers 400, also where an endpoint is to be changed."""
    for name in ("kyve", "kayle"):
        answer = control(mock, "POST", "/webhooks", {"provider": name, "url": f"http://{host}/hook"})
        assert (answer.status_code, "is no host name" in answer.text) == (400, True)
    made = control(mock, "POST", "/webhooks", {"provider": "kyve", "url": "http://127.0.0.1:9/hook"}).json()
    answer = control(mock, "PATCH", f"/webhooks/kyve/{made['id']}", {"url": f"http://{host}/hook"})
    assert (answer.status_code, "is no host name" in answer.text) == (400, True)


@pytest.mark.parametrize("host", ["a..b", f"{'a' * 64}.example"])
def test_kayle__what_its_document_allows_is_taken_and_never_sent_to(mock, host, caplog):  # noqa: F811
    """Its schema judges a URL as browsers do, who know no limits of DNS; the delivery fails, and says why."""
    path, key = "/kayle/v1/webhooks/endpoints", keys.public_part(keys.new_rsa_key("k"))
    made = ask(mock, "POST", path, AUTH, json={"url": f"https://{host}/hook"})
    assert made.status_code == 200
    uploaded = {"key_id": "k", "algorithm": "RSA-OAEP-256", "key_type": "RSA", "jwk": key}
    ask(mock, "POST", f"{path}/{made.json()['data']['endpoint']['id']}/keys", AUTH, json=uploaded)
    session = created(mock, "kayle")
    control(mock, "POST", f"/sessions/kayle/{session['id']}/transition", {"to": "cancelled"})
    found = _wait(lambda: control(mock, "GET", "/webhook-attempts/kayle").json()["attempts"], 1)
    assert [(one["status"], one["failure"]) for one in found] == [(None, "webhook target: " + NO_HOST)]
    assert caplog.records == []


def test_targets__a_host_is_one_in_both_spellings():
    """What `--webhook-host` names in an alphabet of its own is the host that a URL names in ASCII."""
    hosts = Settings(webhook_hosts=("bücher.example",)).webhook_hosts
    check_url("https://xn--bcher-kva.example/hook", hosts)
    check_url("https://BÜCHER.example/hook", hosts)


@pytest.mark.parametrize("option", ["--webhook-host", "--allowed-host"])
def test_serve__says_which_name_is_none(option):
    """One sentence, exit code 2."""
    command = [sys.executable, "-m", "specimen", "serve", "--port", "0", option, "a..b"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr.strip().count("\n")) == (2, 0)
    assert f"{option} 'a..b'" in done.stderr

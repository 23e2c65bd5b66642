"""Each format against what its readers expect."""

from __future__ import annotations

import io
import json
import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from specimen.contracts.judge.registry import listed
from specimen.contracts.judge.severity import SEVERITIES
from specimen.contracts.reporting.formats.registry import render, write
from specimen.contracts.reporting.formats.sarif_report import _sentence
from specimen.contracts.reporting.formats.terminal_report import print_report
from specimen.contracts.reporting.model import Report
from specimen.specs import load, names
from tests.contracts.example_reports import broken_report, collected, exchange, session_body


def printed(report, **options) -> str:
    """The report as a console shows it."""
    out = io.StringIO()
    print_report(report, Console(file=out, width=100, highlight=False, **options))
    return out.getvalue()


def test_terminal__groups_by_rule_and_separates_notes() -> None:
    """Rule, sentence, source, expected, got, the command; the notes after the table of what was reached."""
    text = printed(broken_report())
    assert (
        text.index("GEN-001  error  the status code is documented")
        < text.index("Covered")
        < text.index("Reported only, because of --fail-on warning.")
        < text.index("KAY-017  ")
    )
    assert "documented: OpenAPI 3.1, Responses Object" in text
    assert re.search(r"expected +one of 200, .*\n +got +418\n +repeat +curl -sS ", text)
    assert "KAY-004" in text
    assert ", 2 times" in text
    assert "VIOLATED  kayle at http://127.0.0.1:8080/kayle" in text
    assert "never seen: expired" in text
    assert re.search(r"\d+ of \d+ rules are assumed \(notes, which do not count\): .*KAY-017", text)


def test_terminal__says_when_assumptions_count() -> None:
    """With --fail-on note nothing is only reported."""
    text = printed(broken_report(fail_on="note"))
    assert "Reported only" not in text
    assert "are assumed (notes, which count here)" in text


def test_terminal__a_command_is_one_line() -> None:
    """However narrow the terminal is, the command can be copied."""
    out = io.StringIO()
    print_report(broken_report(), Console(file=out, width=40))
    lines = [line for line in out.getvalue().splitlines() if "curl -sS" in line]
    assert lines
    assert all("$SPECIMEN_TOKEN" in line for line in lines)


def test_terminal__a_long_command_is_cut_and_whole_in_the_files() -> None:
    """A screen of one command hides the findings; every file has what a shell takes."""
    note = "".join(f"{number:04}" for number in range(900))
    body = json.dumps({"share_fields": {"family_name": {"required": True, "reason": note}}}).encode()
    report = collected(exchange(method="POST", path="/v1/sessions", request_body=body, status=418))
    (line,) = [line for line in printed(report).splitlines() if "curl -sS" in line]
    assert len(line) < 600
    assert "characters more; a report of format json, html or junit has the whole" in line
    for form in ("json", "html", "junit", "sarif"):
        assert note in render(report, form), form


def test_terminal__colour_on_a_terminal_only() -> None:
    """A file or a pipe gets no escape sequence."""
    assert "\x1b[" not in printed(broken_report())
    assert "\x1b[" in printed(broken_report(), force_terminal=True, color_system="standard")


def test_terminal__text_is_never_markup() -> None:
    """Square brackets in what a rule expected are printed as they are."""
    assert "one of 'created', " in printed(collected(exchange(session_body(status="half"))))


@pytest.mark.parametrize(
    ("options", "word"),
    [({}, "PASSED"), ({"unreachable": "refused"}, "UNREACHABLE"), ({"require": ("expired",)}, "INCONCLUSIVE")],
)
def test_terminal__last_words(options, word) -> None:
    """The verdict stands at the end."""
    assert word in printed(collected(exchange(), **options)).splitlines()[-2]


def test_junit__one_case_per_rule_and_per_missing_thing() -> None:
    """Every rule is a test case; a broken one fails, a note does not, one that met nothing is skipped."""
    report = broken_report()
    root = ET.fromstring(render(report, "junit"))
    suite = root.find("testsuite")
    cases = {
        case.get("name").partition(" ")[0]: case for case in suite if case.tag == "testcase" and "rules" in case.get("classname")
    }
    assert set(cases) == {rule.id for rule in report.rules}
    assert cases["GEN-001"].find("failure").get("type") == "error"
    assert "curl -sS" in cases["GEN-001"].find("failure").text
    assert cases["KAY-017"].find("failure") is None
    assert "Note, which does not count" in cases["KAY-017"].find("system-out").text
    assert cases["GEN-009"].find("skipped") is not None
    reach = [case for case in suite if case.tag == "testcase" and "reach" in case.get("classname")]
    assert [(case.get("name"), case.find("failure") is None) for case in reach] == [
        ("the target answers", True),
        ("the run is complete", True),
        ("succeeded is seen", True),
        ("expired is seen", False),
    ]
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert suite.get(name) == str(len(list(suite.iter(tag))))
    assert (root.get("failures"), root.get("errors")) == (suite.get("failures"), suite.get("errors"))
    assert suite.get("tests") == str(len(cases) + len(reach))


# What the strictest known reader takes. Source: junit-10.xsd of Jenkins' xUnit plugin, which refuses a file with anything else.
_JUNIT = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {
        "name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id", "package", "file",
        "log", "url",
    },
    "testcase": {"name", "time", "classname", "group"},
    "properties": set(),
    "property": {"name", "value"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}  # fmt: skip


@pytest.mark.parametrize("report", [broken_report, lambda: collected(unreachable="connection refused")])
def test_junit__has_no_element_or_attribute_that_a_reader_refuses(report: Callable[[], Report]) -> None:
    """Jenkins reads the file with a closed schema."""
    for element in ET.fromstring(render(report(), "junit")).iter():
        assert element.tag in _JUNIT
        assert set(element.attrib) <= _JUNIT[element.tag], element.tag


def test_junit__unreachable_is_an_error() -> None:
    """A target that gives no answer fails the suite."""
    root = ET.fromstring(render(collected(unreachable="connection refused"), "junit"))
    assert root.get("errors") == "1"


def test_junit__holds_only_what_xml_can() -> None:
    """Control characters and surrogates become U+FFFD."""
    report = collected(exchange(), unreachable="a\x00b\x1bc\ud800d")
    root = ET.fromstring(render(report, "junit").encode("utf-8"))
    assert root.find(".//error").get("message") == "a\ufffdb\ufffdc\ufffdd"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "action", "data", "srcset")]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in ("meta", "br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag


def test_html__asks_for_nothing_and_is_well_formed() -> None:
    """No address but places in the page, one script that the policy names by its hash, every element closed, every id once."""
    text = render(broken_report(), "html")
    reader = _Reader()
    reader.feed(text)
    assert reader.open == []
    assert {address[:1] for address in reader.addresses} == {"#"}
    assert {address[1:] for address in reader.addresses} <= set(reader.ids)
    assert len(reader.ids) == len(set(reader.ids))
    for tag in ("script", "style"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert f"{tag}-src 'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'" in text
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_html__escapes() -> None:
    """What an implementation said is text, never an element."""
    report = collected(exchange(), unreachable='<script>alert("1")</script>&\x1b[31m')
    text = render(report, "html")
    assert text.count("<script") == 1  # our own
    assert "&lt;script&gt;" in text
    assert "\x1b" not in text


def test_json__has_the_verdict_and_all_findings() -> None:
    """What a script needs: the exit code, violations apart from notes, what was reached."""
    values = json.loads(render(broken_report(), "json"))
    assert values["exit_code"] == 1
    assert {entry["rule"] for entry in values["violations"]} >= {"GEN-001", "KAY-004"}
    assert {entry["severity"] for entry in values["notes"]} == {"note"}
    assert values["missing"] == ["expired"]
    assert ["getSession", "200"] in values["reach"]["statuses"]["seen"]


def test_sarif__keeps_the_shape_of_its_standard() -> None:
    """Required properties, indexes that lead somewhere, levels and kinds that exist (SARIF 2.1.0, sections 3.13 to 3.49)."""
    report = broken_report()
    log = json.loads(render(report, "sarif"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "Specimen"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        assert "helpUri" not in rule
        assert rule["shortDescription"]["text"].endswith(".")
        assert not re.match("[A-Z][a-z]+_", rule["shortDescription"]["text"])  # a field keeps its name
        assert rule["help"]["text"]
        assert "Source: " in rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in SEVERITIES
    assert len(run["results"]) == len(report.found)
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in SEVERITIES
        assert result["message"]["text"]
        assert result["occurrenceCount"] >= 1
        assert re.fullmatch(r"[0-9a-f]{64}", result["partialFingerprints"]["specimen/v1"])
    (invocation,) = run["invocations"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", invocation["startTimeUtc"])
    assert invocation["exitCode"] == 1
    assert [note["message"]["text"] for note in invocation["toolExecutionNotifications"]] == ["Required and never seen: expired"]


@pytest.mark.parametrize("name", names())
def test_sarif__a_sentence_begins_with_a_capital_and_a_field_as_it_is(name: str) -> None:
    """Names such as sessionId and completed_at stay what they are."""
    for rule in listed(load(name)):
        own, shown = (re.match(r"\w+", text)[0] for text in (rule.sentence, _sentence(rule.sentence)))
        assert shown == (own.capitalize() if own.islower() and own.isalpha() else own)


def test_sarif__names_the_operation_and_no_file_that_the_user_has_not() -> None:
    """Without a file of the user's repository there is the logical place alone."""
    run = json.loads(render(broken_report(), "sarif"))["runs"][0]
    for result in run["results"]:
        (location,) = result["locations"]
        assert location == {
            "logicalLocations": [
                {"name": "getSession", "fullyQualifiedName": "/paths/~1v1~1sessions~1{id}/get", "kind": "member"}
            ]
        }


def test_sarif__fingerprints_survive_another_run() -> None:
    """Code scanning knows an alert again: the same breach has the same fingerprint, another one another."""
    prints = [
        [result["partialFingerprints"]["specimen/v1"] for result in json.loads(render(report, "sarif"))["runs"][0]["results"]]
        for report in (broken_report(), broken_report(seed=9, base_url="http://127.0.0.1:9/x"))
    ]
    assert prints[0] == prints[1]
    assert len(set(prints[0])) == len(prints[0])


def test_terminal__in_an_old_encoding() -> None:
    """A terminal that knows neither arrows nor middle dots gets others."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", write_through=True)
    print_report(broken_report(), Console(file=out, width=100))
    assert b"created -> expired" in out.buffer.getvalue()


def test_write__half_a_surrogate_pair(tmp_path) -> None:
    """Text that no encoding holds does not lose the report."""
    report = collected(exchange(), unreachable="bad \ud800 text")
    for format_name in ("junit", "html", "sarif", "json"):
        write(report, format_name, tmp_path / format_name)
        assert "text" in (tmp_path / format_name).read_text(encoding="utf-8")

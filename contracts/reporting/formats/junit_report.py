"""Renders a report as JUnit XML: a test case for each rule, each requirement, and the run itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from specimen.contracts.judge.rule import Rule
from specimen.contracts.judge.severity import SEVERITIES
from specimen.contracts.judge.validation import openapi_core_check
from specimen.contracts.reporting.inconclusive import Inconclusive
from specimen.contracts.reporting.known_failures import expired_text, known_text, stale_text
from specimen.contracts.reporting.model import Found, Known, Report, by_rule, status_words
from specimen.contracts.reporting.samples import repetition

# What XML 1.0 cannot hold, section 2.2.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """Returns the text of the file."""
    errors, notes = by_rule(report.errors), by_rule(report.notes)
    cases = [_rule_case(report, rule, errors.get(rule.id, ()), notes.get(rule.id, ())) for rule in report.rules]
    cases += [_stray_case(report, rule, found) for rule, found in errors.items() if rule not in {r.id for r in report.rules}]
    cases += [_known_case(report, known) for known in report.known]
    cases += [_reachable_case(report), _complete_case(report)]
    cases += [_account_case(report, entry) for entry in report.inconclusive]
    cases += [_reach_case(report, name) for name in dict.fromkeys((*report.required, *report.missing))]
    failures = sum(case.find("failure") is not None for case in cases)
    broken = sum(case.find("error") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    counts = {"tests": str(len(cases)), "failures": str(failures), "errors": str(broken), "time": f"{report.seconds:.3f}"}
    # Jenkins' xUnit plugin refuses a file whose root counts what was skipped.
    root = ET.Element("testsuites", {"name": f"specimen {report.command}", **counts})
    when = datetime.fromtimestamp(report.started_at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    suite = ET.SubElement(
        root, "testsuite", {"name": f"specimen.{report.provider}", **counts, "skipped": str(skipped), "timestamp": when}
    )
    properties = ET.SubElement(suite, "properties")
    for name in ("base_url", "profile", "seed", "strict", "fail_on", "requests", "exit_code"):
        value = getattr(report, name)
        if value is not None:
            ET.SubElement(properties, "property", {"name": name, "value": _clean(str(value))})
    suite.extend(cases)
    texts = [*report.remarks, *(expired_text(known.entry) for known in report.expired), *map(stale_text, report.stale)]
    if report.disagreements:
        head = f"{openapi_core_check.RULE.id}: a second validator differs, which does not count:"
        texts.append(f"{head}\n{_lines(report.disagreements)}")
    if texts:
        ET.SubElement(suite, "system-out").text = _clean("\n".join(texts))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(report: Report, kind: str, name: str) -> ET.Element:
    return ET.Element("testcase", {"classname": f"specimen.{report.provider}.{kind}", "name": _clean(name), "time": "0"})


def _rule_case(report: Report, rule: Rule, errors: tuple[Found, ...], notes: tuple[Found, ...]) -> ET.Element:
    case = _case(report, "rules", f"{rule.id} {rule.sentence}")
    if errors:
        _fail(case, rule.sentence, errors)
    elif notes:
        ET.SubElement(case, "system-out").text = _clean(
            f"{_severity(notes).capitalize()}, which does not count (--fail-on):\n{_lines(notes)}"
        )
    elif known := [entry for entry in report.known if entry.found.violation.rule == rule.id]:
        ET.SubElement(case, "skipped", {"message": _clean("; ".join(dict.fromkeys(known_text(one.entry) for one in known)))})
    elif rule.id not in report.reach.rules.seen:
        ET.SubElement(case, "skipped", {"message": "nothing that was seen could have broken it"})
    return case


def _known_case(report: Report, known: Known) -> ET.Element:
    violation = known.found.violation
    where = f"{violation.operation} {violation.pointer or '(the answer)'}, {status_words(violation.status)}"
    case = _case(report, "known", f"{violation.rule} {violation.sentence}: {where}")
    ET.SubElement(case, "skipped", {"message": _clean(known_text(known.entry))})
    return case


def _stray_case(report: Report, rule: str, found: tuple[Found, ...]) -> ET.Element:
    case = _case(report, "rules", f"{rule} {found[0].violation.sentence}")
    _fail(case, found[0].violation.sentence, found)
    return case


def _fail(case: ET.Element, sentence: str, found: tuple[Found, ...]) -> None:
    ET.SubElement(case, "failure", {"message": _clean(sentence), "type": _severity(found)}).text = _clean(_lines(found))


def _severity(found: tuple[Found, ...]) -> str:
    """The gravest severity among findings."""
    return min((entry.violation.severity for entry in found), key=SEVERITIES.index)


def _reachable_case(report: Report) -> ET.Element:
    case = _case(report, "reach", "the target answers")
    if report.unreachable is not None:
        ET.SubElement(case, "error", {"message": _clean(report.unreachable), "type": "unreachable"})
    return case


def _complete_case(report: Report) -> ET.Element:
    case = _case(report, "reach", "the run is complete")
    if report.incomplete:
        ET.SubElement(case, "failure", {"message": _clean(" ".join(report.incomplete)), "type": "inconclusive"})
    return case


def _account_case(report: Report, entry: Inconclusive) -> ET.Element:
    case = _case(report, "account", f"{entry.operation} is not refused with {entry.answer}: {entry.step}")
    message = f"inconclusive, refused {entry.count} times for reasons of the account: {entry.reason} {entry.remedy}"
    ET.SubElement(case, "skipped", {"message": _clean(message)})
    return case


def _reach_case(report: Report, name: str) -> ET.Element:
    case = _case(report, "reach", f"{name} is seen")
    if name in report.missing:
        ET.SubElement(case, "failure", {"message": _clean(f"{name} was required and never seen"), "type": "inconclusive"})
    return case


def _lines(found: tuple[Found, ...]) -> str:
    blocks = []
    for entry in found:
        violation = entry.violation
        place = f"{violation.operation} {violation.pointer or '(the answer)'}"
        blocks.append(
            f"{place}, {status_words(violation.status)}, {entry.count} times\n"
            f"  expected: {violation.expected}\n  got:      {violation.got}\n"
            f"  source:   {violation.source} ({violation.mark})\n"
            + "\n".join(f"  {label + ':':<10}{text}" for label, text in repetition(entry.example))
        )
    return "\n\n".join(blocks)


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)

"""JUnit XML, as build servers read it: a suite per pack, a case per statement."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from xml.etree import ElementTree

from reachproof.cli.formats.faults import faults, headline, story
from reachproof.cli.text import printable
from reachproof.documents.words import Status
from reachproof.queries.packs import Report, Result, Skipped

_COUNTED = ("tests", "failures", "errors", "skipped")


def junit_text(report: Report) -> str:
    """The document. What failed is a `failure`, what is not decided an `error`, what does not apply is `skipped`."""
    suites = ElementTree.Element("testsuites", name="reachproof")
    add_suites(suites, report)
    return finished(suites)


def add_suites(suites: ElementTree.Element, report: Report, *, prefix: str = "") -> None:
    """A suite for each pack of the report, in order of name; `prefix` goes before the names of suites."""
    everything: list[Result | Skipped] = [*report.results, *report.skipped]
    ordered = sorted(everything, key=lambda each: (each.statement.pack, each.statement.line))
    for pack, items in groupby(ordered, key=lambda each: each.statement.pack):
        _suite(suites, pack, prefix + pack, list(items))


def finished(suites: ElementTree.Element) -> str:
    """The document, its root with the sums of its suites."""
    for key in _COUNTED:
        suites.set(key, str(sum(int(suite.get(key, "0")) for suite in suites)))
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=False)


def _suite(suites: ElementTree.Element, pack: str, name: str, items: list[Result | Skipped]) -> None:
    suite = ElementTree.SubElement(suites, "testsuite", name=printable(name))
    _count(suite, items)
    for item in items:
        statement = item.statement
        case = ElementTree.SubElement(
            suite,
            "testcase",
            name=printable(statement.name),
            classname=printable(name),
            file=printable(pack),
            line=str(statement.line),
        )
        match item:
            case Skipped(reason=reason):
                case.set("time", "0")
                ElementTree.SubElement(case, "skipped", message=printable(reason))
            case Result():
                case.set("time", f"{item.answer.evidence.total_ms / 1000:.3f}")
                _outcome(case, item)


def _outcome(case: ElementTree.Element, result: Result) -> None:
    if result.status is Status.PASSED:
        return
    kind = "failure" if result.status is Status.FAILED else "error"
    found = ElementTree.SubElement(case, kind, message=printable(headline(result)), type=str(result.answer.verdict))
    places = (f"at {fault.origin}: {fault.text}" for fault in faults(result.answer))
    found.text = "\n".join(map(printable, (*story(result), *places)))


def _count(element: ElementTree.Element, items: Iterable[Result | Skipped]) -> None:
    found = [item.status if isinstance(item, Result) else None for item in items]
    element.set("tests", str(len(found)))
    element.set("failures", str(found.count(Status.FAILED)))
    element.set("errors", str(found.count(Status.UNDECIDED)))
    element.set("skipped", str(found.count(None)))

"""JUnit XML, as build servers read it: a suite per pack, a case per statement."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from xml.etree import ElementTree

from reachproof.documents.audit import Audited, AuditedPack, FleetReport
from reachproof.documents.faults import faults
from reachproof.documents.report import CheckReport, LeftOut, Result
from reachproof.documents.words import Status
from reachproof.network.printable import printable
from reachproof.render.failure_location import headline, story
from reachproof.render.report_text import trouble

_COUNTED = ("tests", "failures", "errors", "skipped")


def junit_text(report: CheckReport | FleetReport) -> str:
    """The document. What failed is a `failure`, what is not decided an `error`, what does not apply is `skipped`.

    An audit has a suite for each pack on each snapshot; what has no verdict is one with an error.
    """
    suites = ElementTree.Element("testsuites", name="reachproof")
    if isinstance(report, CheckReport):
        _add_suites(suites, report)
    else:
        _add_snapshots(suites, report)
    for key in _COUNTED:
        suites.set(key, str(sum(int(suite.get(key, "0")) for suite in suites)))
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=False)


def _add_snapshots(suites: ElementTree.Element, report: FleetReport) -> None:
    for audited in report.snapshots:
        if not audited.packs:
            _error(suites, audited.name, audited)
        for pack in audited.packs:
            if pack.report is None:
                _error(suites, f"{audited.name} {pack.pack}", pack)
            else:
                _add_suites(suites, pack.report, prefix=f"{audited.name} ")


def _add_suites(suites: ElementTree.Element, report: CheckReport, *, prefix: str = "") -> None:
    """A suite for each pack of the report, in order of name; `prefix` goes before the names of suites."""
    everything: list[Result | LeftOut] = [*report.results, *report.skipped]
    ordered = sorted(everything, key=lambda each: (each.statement.pack, each.statement.line))
    for pack, items in groupby(ordered, key=lambda each: each.statement.pack):
        _suite(suites, pack, prefix + pack, list(items))


def _suite(suites: ElementTree.Element, pack: str, name: str, items: list[Result | LeftOut]) -> None:
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
            case LeftOut(reason=reason):
                case.set("time", "0")
                ElementTree.SubElement(case, "skipped", message=printable(reason))
            case Result():
                case.set("time", f"{item.answer.evidence.total_ms / 1000:.3f}")
                _outcome(case, item)


def _outcome(case: ElementTree.Element, result: Result) -> None:
    if result.status is Status.PASSED:
        return
    if result.waiver is not None:
        ElementTree.SubElement(case, "skipped", message=printable(f"{result.waiver} ({headline(result)})"))
        return
    kind = "failure" if result.status is Status.FAILED else "error"
    found = ElementTree.SubElement(case, kind, message=printable(headline(result)), type=str(result.answer.verdict))
    places = (f"at {fault.origin}: {fault.text}" for fault in faults(result.answer))
    found.text = "\n".join(map(printable, (*story(result), *places)))


def _count(element: ElementTree.Element, items: Iterable[Result | LeftOut]) -> None:
    found = [item.status if isinstance(item, Result) and item.waiver is None else None for item in items]
    element.set("tests", str(len(found)))
    element.set("failures", str(found.count(Status.FAILED)))
    element.set("errors", str(found.count(Status.UNDECIDED)))
    element.set("skipped", str(found.count(None)))


def _error(suites: ElementTree.Element, name: str, audit: Audited | AuditedPack) -> None:
    counts = {"tests": "1", "failures": "0", "errors": "1", "skipped": "0"}
    suite = ElementTree.SubElement(suites, "testsuite", {"name": printable(name), **counts})
    case = ElementTree.SubElement(suite, "testcase", name=str(audit.state), classname=printable(name), time="0")
    error = ElementTree.SubElement(case, "error", message=str(audit.state), type=str(audit.state))
    error.text = "\n".join(map(printable, trouble(audit)))

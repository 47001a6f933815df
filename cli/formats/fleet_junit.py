"""An audit as JUnit XML: a suite for each pack on each snapshot; what has no verdict is a suite with one error."""

from __future__ import annotations

from xml.etree import ElementTree

from reachproof.cli.formats.fleet import trouble
from reachproof.cli.formats.junit import add_suites, finished
from reachproof.cli.text import printable
from reachproof.queries.audit import Audited, PackAudit
from reachproof.queries.fleet import FleetReport


def fleet_junit_text(report: FleetReport) -> str:
    """The document; suites are named by their snapshot and pack."""
    suites = ElementTree.Element("testsuites", name="reachproof")
    for audited in report.snapshots:
        if not audited.packs:
            _error(suites, audited.name, audited)
        for pack in audited.packs:
            if pack.report is None:
                _error(suites, f"{audited.name} {pack.pack}", pack)
            else:
                add_suites(suites, pack.report, prefix=f"{audited.name} ")
    return finished(suites)


def _error(suites: ElementTree.Element, name: str, audit: Audited | PackAudit) -> None:
    counts = {"tests": "1", "failures": "0", "errors": "1", "skipped": "0"}
    suite = ElementTree.SubElement(suites, "testsuite", {"name": printable(name), **counts})
    case = ElementTree.SubElement(suite, "testcase", name=str(audit.state), classname=printable(name), time="0")
    error = ElementTree.SubElement(case, "error", message=str(audit.state), type=str(audit.state))
    error.text = "\n".join(map(printable, trouble(audit)))

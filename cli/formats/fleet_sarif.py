"""An audit as SARIF 2.1.0: a run for each snapshot, named by `automationDetails`, as code scanning tells runs apart."""

from __future__ import annotations

from itertools import chain

from reachproof.cli.exit_codes import ExitCode
from reachproof.cli.formats.fleet import trouble
from reachproof.cli.formats.sarif import Json, sarif_log, sarif_run
from reachproof.queries.audit import Audited
from reachproof.queries.fleet import FleetReport
from reachproof.queries.packs import Report

_DECIDED = (ExitCode.PROVED, ExitCode.REFUTED, ExitCode.UNDECIDED)


def fleet_sarif_document(report: FleetReport, version: str) -> dict[str, Json]:
    """The log. Where a snapshot or a pack has no verdict, the run was no success, and notifications say why."""
    return sarif_log([_run(each, version) for each in report.snapshots])


def _run(audited: Audited, version: str) -> dict[str, Json]:
    reports = [pack.report for pack in audited.packs if pack.report is not None]
    results = tuple(result for each in reports for result in each.results)
    skipped = tuple(each for report in reports for each in report.skipped)
    run = sarif_run(Report(results=results, skipped=skipped), version)
    told = chain(trouble(audited), *(trouble(pack) for pack in audited.packs))
    errors: list[Json] = [{"level": "error", "message": {"text": line}} for line in told]
    if errors:
        [invocation] = run["invocations"] if isinstance(run["invocations"], list) else []
        assert isinstance(invocation, dict) and isinstance(invocation["toolExecutionNotifications"], list)
        invocation["executionSuccessful"] = False
        invocation["toolExecutionNotifications"] += errors
    return run | {"automationDetails": {"id": f"reachproof-audit/{audited.name}/"}}

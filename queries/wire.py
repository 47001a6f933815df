"""Answers as JSON values, in the shape that programs rely on (docs/interfaces.md). `apiVersion` names the shape."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from reachproof.network.address import format_address
from reachproof.network.cluster import Node, Notice, Pod, Service
from reachproof.network.flow import External, Flow, Party
from reachproof.network.origin import Origin
from reachproof.network.policy import PolicyRef
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer, Because, Explained, Witness
from reachproof.queries.tenancy import tenant_of_party
from reachproof.semantics.trace import Step

API_VERSION = "reachproof/v1"
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


def answer_json(answer: Answer) -> dict[str, Json]:
    """The whole answer."""
    evidence = answer.evidence
    found: dict[str, Json] = {
        "apiVersion": API_VERSION,
        "query": answer.query,
        "normalized": answer.normalized,
        "form": answer.form,
        **_in_pack(answer),
        "verdict": str(answer.verdict),
        "reason": answer.reason,
        "vacuous": answer.vacuous,
        "world": answer.world,
        "witness": _witness(answer.snapshot, answer.witness) if answer.witness else None,
        "because": [because_json(each) for each in answer.because],
        "assumptions": [{"code": notice.code, "text": notice.text} for notice in answer.assumptions],
        "warnings": warnings_json(answer.warnings),
        "evidence": {
            "replayed": evidence.replayed,
            "crossChecked": evidence.cross_checked,
            "engine": evidence.engine,
            "solverMs": evidence.solver_ms,
            "totalMs": evidence.total_ms,
            "snapshot": evidence.snapshot,
            **({"since": evidence.since} if evidence.since else {}),
        },
    }
    if answer.columns:
        found["columns"] = list(answer.columns)
        found["rows"] = [{name: _cell(row[name]) for name in answer.columns} for row in answer.rows]
    if answer.flows:
        found["flows"] = [_explained(answer.snapshot, each) for each in answer.flows]
    return found


def _explained(snapshot: Snapshot, explained: Explained) -> Json:
    return {
        "access": explained.access,
        "witness": _witness(snapshot, explained.witness),
        "because": [because_json(each) for each in explained.because],
    }


def _in_pack(answer: Answer) -> dict[str, Json]:
    """What a statement of a pack has besides."""
    found: dict[str, Json] = {"name": answer.name} if answer.name else {}
    if answer.severity is not None:
        found["severity"] = str(answer.severity)
    if answer.expected is not None:
        found["expected"] = str(answer.expected)
    return found


def _cell(value: str | tuple[str, ...]) -> Json:
    return value if isinstance(value, str) else list(value)


def warnings_json(warnings: Iterable[Notice]) -> list[Json]:
    """Warnings, with their places."""
    return [
        {"code": notice.code, "text": notice.text, "origin": origin_json(notice.origin) if notice.origin else None}
        for notice in warnings
    ]


def _witness(snapshot: Snapshot, witness: Witness) -> dict[str, Json]:
    earlier = witness.before
    found: dict[str, Json] = {
        **flow_json(earlier.snapshot if earlier and witness.lost else snapshot, witness.flow),
        "trace": steps_json(witness.steps),
        "via": _service(witness.via) if witness.via else None,
    }
    if witness.lost:
        found["lost"] = True
    if earlier is not None:
        trace = steps_json(earlier.trace.steps)
        found["before"] = {"since": earlier.name, **flow_json(earlier.snapshot, earlier.flow), "trace": trace}
    return found


def flow_json(snapshot: Snapshot, flow: Flow) -> dict[str, Json]:
    """Both ends of a flow, and its port."""
    return {
        "source": end_json(snapshot, flow.source, flow.source_address),
        "destination": end_json(snapshot, flow.destination, flow.destination_address),
        "protocol": str(flow.protocol),
        "port": flow.port,
    }


def steps_json(steps: Iterable[Step]) -> list[Json]:
    """The steps of a trace."""
    return [_step(step) for step in steps]


def end_json(snapshot: Snapshot, party: Party, address: int) -> dict[str, Json]:
    """One end of a flow."""
    found: dict[str, Json] = {
        "kind": "external",
        "namespace": None,
        "name": None,
        "workload": None,
        "ip": format_address(address),
        "tenant": tenant_of_party(snapshot, party),
        "labels": {},
        "possible": False,
    }
    match party:
        case Pod():
            found |= {
                "kind": "pod",
                "namespace": party.namespace,
                "name": party.name,
                "workload": party.workload or None,
                "ip": None if party.abstract else format_address(address),
                "labels": dict(sorted(party.labels.items())),
                "possible": party.key in snapshot.possible,
            }
        case Node():
            found |= {"kind": "node", "name": party.name, "labels": dict(sorted(party.labels.items()))}
        case External():
            pass
    return found


def _service(service: Service) -> dict[str, Json]:
    return {"service": {"kind": "service", "namespace": service.namespace, "name": service.name}}


def _step(step: Step) -> dict[str, Json]:
    match step.subject:
        case Node(name=name):
            subject = f"node {name}"
        case other:
            subject = str(other)
    return {
        "direction": str(step.direction),
        "subject": subject,
        "tier": str(step.tier),
        "action": str(step.action),
        "policy": policy_json(step.policy) if step.policy and step.policy.kind else None,
        "rule": {"index": step.rule_index, "name": step.rule_name} if step.rule_index is not None else None,
        "origin": origin_json(step.origin) if step.origin and step.origin.file else None,
        "text": step.text,
    }


def because_json(because: Because) -> dict[str, Json]:
    """A rule that a proof or an explanation rests on."""
    rule: Json = None
    if because.rule_index is not None:
        rule = {"index": because.rule_index, "name": because.rule_name}
    return {
        "policy": policy_json(because.policy),
        "rule": rule,
        "direction": str(because.direction),
        "action": str(because.action),
        "origin": origin_json(because.origin),
        "text": because.text,
    }


def policy_json(policy: PolicyRef) -> dict[str, Json]:
    """The identity of a policy."""
    return {"kind": policy.kind, "namespace": policy.namespace, "name": policy.name}


def origin_json(origin: Origin) -> dict[str, Json]:
    """A place in the input."""
    return {"file": origin.file, "line": origin.line, "path": origin.path}

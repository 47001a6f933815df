"""A drawn case: a cluster with policies, how reachproof reads it, and flows to compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from reachproof.manifests.load import load_objects
from reachproof.network.address import parse_cidrs
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import Flow, Party
from reachproof.network.options import Options
from reachproof.network.snapshot import Snapshot
from tests.agreement.engines import asked
from tests.engines.aim import aimed_flows
from tests.engines.engine import Domains, Engine
from tests.engines.words import Chance
from tests.strategies.flows import some_flows
from tests.strategies.vocabulary import Manifest

Verdicts = list[tuple[Flow, bool]]
"""Flows with what the engine says: True where it allows."""
Change = Callable[[str, Any], Any]
Rewrite = Callable[["Case", Flow], list[Manifest]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """Objects of one seed. `names` are the addresses of domain names, `patterns` what a pattern's names have."""

    seed: int
    objects: tuple[Manifest, ...]
    options: Options
    names: Domains = field(default_factory=dict)
    patterns: Domains = field(default_factory=dict)

    @cached_property
    def snapshot(self) -> Snapshot:
        """The case as reachproof reads it."""
        domains = {name: parse_cidrs(blocks) for name, blocks in (*self.patterns.items(), *self.names.items())}
        return load_objects(list(self.objects), options=replace(self.options, domains=domains))

    def with_objects(self, objects: Sequence[Manifest]) -> Case:
        return replace(self, objects=tuple(objects))

    @property
    def policies(self) -> list[Manifest]:
        return [each for each in self.objects if each["kind"].endswith("Policy")]


def flows_of(case: Case, engine: Engine, count: int) -> Verdicts:
    """Flows with the engine's verdicts: as many allowed as denied, as far as there are.

    Most are aimed at rules; the others come from all pieces that the policies cut addresses and ports into.
    """
    drawn = [*aimed_flows(case.snapshot, 2 * count, case.seed), *some_flows(case.snapshot, count, case.seed)]
    drawn = [flow for flow in drawn if asked(flow)]
    Chance(case.seed).shuffle(drawn)
    verdicts = list(zip(drawn, engine.ask(case.objects, drawn, case.names), strict=True))
    allowed = [each for each in verdicts if each[1]]
    denied = [each for each in verdicts if not each[1]]
    half = count // 2
    return allowed[: max(half, count - len(denied))] + denied[: max(half, count - len(allowed))]


def rebound(snapshot: Snapshot, flow: Flow) -> Flow:
    """The same flow in a snapshot whose pods and nodes have the same names and addresses."""

    def party(old: Party) -> Party:
        match old:
            case Pod():
                return snapshot.pod_of[old.key]
            case Node():
                return snapshot.node_of[old.name]
            case _:
                return old

    return replace(flow, source=party(flow.source), destination=party(flow.destination))


def mapped(value: Any, change: Change, path: str = "") -> Any:
    """A copy of a manifest in which `change(path, value)` was applied to every value, outermost first."""
    value = change(path, value)
    if isinstance(value, Mapping):
        return {key: mapped(item, change, f"{path}.{key}".lstrip(".")) for key, item in value.items()}
    if isinstance(value, list):
        return [mapped(item, change, f"{path}[]") for item in value]
    return value

"""The format of the paired fixtures: manifests on one side, flows with what is expected of them on the other.

A file is a list of cases. A case has `name` (a claim), `why` (one sentence), `manifests` (YAML text, added to the stage
in cluster.yaml unless the case has its own `cluster`), `options` (as on the command line), and `flows` or `refused`.

    shop/web -> shop/db tcp/80: deny by isolation by shop/db
    node n1 -> shop/db@fd00::2 udp/53: allow by egress default and ingress node exemption
    203.0.113.7 -> shop/db tcp/80: allow
    shop/web -> shop/db tcp/80: either by adminnetworkpolicy a[0], depends TIE

An end without an address uses its first one of the family that both ends share. `by` lists deciding steps that must be
among those of the flow, each optionally with its direction; `depends` lists all notices that the outcome rests on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from reachproof.manifests.load import load_objects
from reachproof.network.address import family, format_address, parse_address, parse_cidrs
from reachproof.network.flow import External, Flow, Party
from reachproof.network.intervals import IntervalSet
from reachproof.network.options import AmbientPort, Channel, CidrMatches, Cni, Enforcement, HostNetworkPods, Options
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.trace import Step, Truth

HERE = Path(__file__).resolve().parent
STAGE = HERE / "cluster.yaml"
_TRUTHS = {"allow": Truth.ALLOWED, "deny": Truth.DENIED, "either": Truth.EITHER}
_LINE = re.compile(
    r"(?P<source>.+?) -> (?P<destination>.+?) (?P<protocol>tcp|udp|sctp)/(?P<port>\d+)"
    r": (?P<truth>allow|deny|either)(?: by (?P<by>[^,].*?))?(?:, depends (?P<depends>[A-Z_, ]+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One flow of a case, and what is expected of it."""

    text: str
    flow: Flow
    truth: Truth
    by: tuple[str, ...]
    depends: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case as it is written; it is loaded once, for all that is asked of it."""

    name: str
    why: str
    file: str
    manifests: str
    options: Options
    lines: tuple[str, ...] = ()
    refused: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"

    def load(self) -> Snapshot:
        """The snapshot of the case; raises as the loader does."""
        return self._loaded

    @cached_property
    def _loaded(self) -> Snapshot:
        return load_objects(_documents(self.manifests), name=self.file, options=self.options)


@cache
def _documents(text: str) -> list[Any]:
    """The objects of a case, read once for all that is asked of it."""
    return [document for document in yaml.load_all(text, yaml.CSafeLoader) if document is not None]


def cases() -> list[Case]:
    """Every case of every file, in order."""
    return [case for path in sorted(HERE.glob("*.yaml")) if path != STAGE for case in read_cases(path)]


def read_cases(path: Path) -> list[Case]:
    """The cases of one file."""
    return [_case(entry, path.name) for entry in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)]


def expectations(snapshot: Snapshot, lines: tuple[str, ...]) -> list[Expected]:
    """The flows of a case, placed in its snapshot."""
    return [_expected(snapshot, line) for line in lines]


def decider(step: Step) -> str:
    """A deciding step in the words of `by`, with its direction first."""
    if step.rule_index is not None and step.policy is not None:
        return f"{step.direction} {str(step.policy).lower()}[{step.rule_index}]"
    names = ", ".join(f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name for ref in step.policies)
    match step.rule_name:
        case "":
            what = "default"
        case "selected":
            what = f"selection by {names}"
        case "own node" if not step.policies:
            what = "node exemption"
        case "isolation":
            what = f"isolation by {names or 'the mode'}"
        case "end of tier":
            what = f"end of tier {step.tier} by {names}"
        case other:
            what = f"exemption of its {other}"
    return f"{step.direction} {what}"


def _case(entry: dict[str, Any], file: str) -> Case:
    entry = dict(entry)
    stage = entry.pop("cluster", None) or STAGE.read_text(encoding="utf-8")
    texts = [stage, entry.pop("manifests", "")]
    return Case(
        name=entry.pop("name"),
        why=entry.pop("why"),
        file=file,
        manifests="\n---\n".join(texts),
        options=_options(entry.pop("options", {})),
        lines=tuple(entry.pop("flows", ())),
        refused=entry.pop("refused", None),
        extra=entry,
    )


def _options(given: dict[str, Any]) -> Options:
    """Options by the names of the command line."""
    readers: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "cni": ("cni", Cni),
        "release": ("release", str),
        "channel": ("channel", Channel),
        "podCidr": ("pod_range", lambda text: parse_cidrs(text.split(","))),
        "serviceCidr": ("service_range", lambda text: parse_cidrs(text.split(","))),
        "hostNetworkPods": ("host_network_pods", HostNetworkPods),
        "cidrMatches": ("cidr_matches", CidrMatches),
        "enforcement": ("enforcement", Enforcement),
        "strict": ("strict", bool),
        "trustDomain": ("trust_domains", lambda text: tuple(text.split(","))),
        "rootNamespace": ("root_namespace", str),
        "ambientPort": ("ambient_port", AmbientPort),
        "domains": ("domains", lambda named: {name: parse_cidrs(cidrs) for name, cidrs in named.items()}),
    }
    return Options(**{readers[key][0]: readers[key][1](value) for key, value in given.items()})


def _expected(snapshot: Snapshot, line: str) -> Expected:
    found = _LINE.fullmatch(line)
    if found is None:
        raise ValueError(f"not of the form SOURCE -> DESTINATION PROTOCOL/PORT: TRUTH: {line!r}")
    source, source_addresses = _end(snapshot, found["source"])
    destination, destination_addresses = _end(snapshot, found["destination"])
    source_address, destination_address = _together(source_addresses, destination_addresses)
    flow = Flow(
        source=source,
        destination=destination,
        source_address=source_address,
        destination_address=destination_address,
        protocol=Protocol(found["protocol"].upper()),
        port=int(found["port"]),
    )
    by = tuple(found["by"].split(" and ")) if found["by"] else ()
    depends = tuple(sorted(found["depends"].replace(",", " ").split())) if found["depends"] else ()
    return Expected(text=line, flow=flow, truth=_TRUTHS[found["truth"]], by=by, depends=depends)


def _end(snapshot: Snapshot, text: str) -> tuple[Party, IntervalSet]:
    """A party, and the addresses that it can use on a flow."""
    name, _, address = text.partition("@")
    party: Party
    if name.startswith("node "):
        party = snapshot.node_of[name.removeprefix("node ")]
        own = party.addresses
    elif "/" in name:
        namespace, _, pod = name.partition("/")
        party = snapshot.pod_of[namespace, pod]
        own = party.addresses
    else:
        party, own = External(), (parse_address(name),)
    if address:
        own = (parse_address(address),)
    return party, IntervalSet.of((each, each) for each in own) or snapshot.pod_range


def _together(sources: IntervalSet, destinations: IntervalSet) -> tuple[int, int]:
    """The first address of each in the first family that both have."""
    for wanted in (4, 6):
        both = [[low for low, _ in addresses if family(low) == wanted] for addresses in (sources, destinations)]
        if all(both):
            return both[0][0], both[1][0]
    shown = [format_address(addresses.first) for addresses in (sources, destinations)]
    raise ValueError(f"no family in common: {shown[0]} and {shown[1]}")

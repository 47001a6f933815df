"""Every prefix on every engine, with and without a mesh, on every family: what the sentence says of other policies is
what the evaluator says of a cluster that was loaded with these other policies.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

import pytest

from reachproof.network.address import family
from reachproof.network.flow import External, Flow, Party
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from tests.agreement.engines import prover
from tests.products.worlds import (
    ENGINES,
    OFFICE,
    PODS,
    STRANGER,
    TENANTS,
    Family,
    Manifest,
    World,
    address,
    each_engine,
    load,
    objects,
    snapshot,
)

Port = tuple[Protocol, int]
PROBES: tuple[Port, ...] = (
    *((Protocol.TCP, number) for number in (440, 441, 443, 5432, 8080)),
    (Protocol.UDP, 53),
    (Protocol.SCTP, 7),
)
ADMIN_KINDS = ("AdminNetworkPolicy", "ClusterNetworkPolicy")


@dataclass(frozen=True, slots=True)
class Prefix:
    """A prefix, and what it supposes: the objects of each cluster that it may be about."""

    text: str
    clusters: Callable[[list[Manifest], World], list[list[Manifest]]]

    def __str__(self) -> str:
        return self.text or "(none)"


def _without(kind: str, name: str) -> Prefix:
    home, _, short = name.rpartition("/")
    gone = (kind.lower(), home, short)
    return Prefix(f"without {kind.lower()} {name}: ", lambda given, _: [[o for o in given if _named(o) != gone]])


def _named(given: Manifest) -> tuple[str, str, str]:
    return given["kind"].lower(), given["metadata"].get("namespace", ""), given["metadata"]["name"]


def _with_only(tier: str, kept: Callable[[Manifest], bool]) -> Prefix:
    return Prefix(f"with only {tier}: ", lambda given, _: [[o for o in given if not _is_policy(o) or kept(o)]])


def _is_policy(given: Manifest) -> bool:
    return str(given["kind"]).endswith("Policy")


def _is_network_policy(given: Manifest) -> bool:
    """Kinds that share a tier with NetworkPolicy; Calico's are in tiers of their own."""
    return str(given["apiVersion"]) in ("networking.k8s.io/v1", "cilium.io/v2")


def _is_admin(given: Manifest) -> bool:
    return given["kind"] in ADMIN_KINDS and given["spec"].get("tier", "Admin") == "Admin"


def _is_baseline(given: Manifest) -> bool:
    return str(given["kind"]).startswith("Baseline") or bool(given["spec"].get("tier") == "Baseline")


def _written_by_b(given: list[Manifest], _: World) -> list[list[Manifest]]:
    """Nothing, isolation that allows all, and isolation that allows nothing, each direction by itself."""
    gone = [o for o in given if not (_is_network_policy(o) and o["metadata"].get("namespace") == "bank")]
    choices: tuple[list[Manifest] | None, ...] = (None, [{}], [])
    found = []
    for egress, ingress in product(choices, choices):
        written = [
            _policy(side, rules) for side, rules in (("egress", egress), ("ingress", ingress)) if rules is not None
        ]
        found.append([*gone, *written])
    return found


def _policy(side: str, rules: list[Manifest]) -> Manifest:
    spec = {"podSelector": {}, "policyTypes": [side.capitalize()], side: rules}
    metadata = {"namespace": "bank", "name": f"any-{side}"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


OWN = {
    "calico": [
        _without("globalnetworkpolicy", "sec.scrape"),
        _with_only("the tier sec", lambda o: o["spec"].get("tier") == "sec"),
        _with_only("the tier default", lambda o: o["apiVersion"] == "networking.k8s.io/v1" or _of_default(o)),
    ],
    "cilium": [
        _without("ciliumclusterwidenetworkpolicy", "bank"),
        _without("clusternetworkpolicy", "guard"),
    ],
}
ADMINS = [_without("adminnetworkpolicy", "guard"), _without("clusternetworkpolicy", "dns")]
ALWAYS = [
    Prefix("", lambda given, _: [given]),
    _without("networkpolicy", "shop/db"),
    _with_only("network policies", _is_network_policy),
    _with_only("the admin tier", _is_admin),
    _with_only("the baseline tier", _is_baseline),
    Prefix(
        "assuming no pod in namespace bank is labelled app=api: ",
        lambda given, _: [[o for o in given if _named(o) != ("pod", "bank", "api")]],
    ),
    Prefix("assuming whatever network policies tenant b writes: ", _written_by_b),
]


def _of_default(given: Manifest) -> bool:
    return str(given["apiVersion"]).startswith("projectcalico.org") and "tier" not in given["spec"]


def prefixes(world: World) -> list[Prefix]:
    """Those that a world is asked with."""
    mesh = [_without("authorizationpolicy", "shop/db")] if world.mesh else []
    return [*ALWAYS, *OWN.get(world.engine, ADMINS), *mesh]


FAMILIES = tuple(Family)
PAIRS = [(engine, mesh) for engine in ENGINES for mesh in (False, True)]
# Every prefix on every engine, with and without a mesh; the families in turn.
CELLS = [
    (world, prefix)
    for row, (engine, mesh) in enumerate(PAIRS)
    for column, prefix in enumerate(prefixes(World(engine, mesh, Family.DUAL)))
    for world in (World(engine, mesh, FAMILIES[(row + column) % 3]),)
]


# ---------------------------------------------------------------- what is expected


@cache
def session(world: World) -> Session:
    return Session(snapshot(world), prover=prover())


@cache
def _loaded(world: World, prefix: Prefix) -> tuple[Snapshot, ...]:
    return tuple(load(world, given) for given in prefix.clusters(objects(world), world))


def outcomes(world: World, prefix: Prefix, source: str, destination: str, port: Port) -> set[Truth]:
    """All that may be true of a connection, in every cluster that the prefix is about and on every family."""
    found = [
        truth(each, flow) for each in _loaded(world, prefix) for flow in _flows(each, world, source, destination, port)
    ]
    return {outcome for each in found for outcome in _outcomes(each)}


def _outcomes(found: Truth) -> tuple[Truth, ...]:
    return (Truth.ALLOWED, Truth.DENIED) if found is Truth.EITHER else (found,)


def _flows(where: Snapshot, world: World, source: str, destination: str, port: Port) -> Iterator[Flow]:
    for a in world.hosts(source):
        for b in world.hosts(destination):
            ends = _party(where, source), _party(where, destination)
            if family(address(a)) == family(address(b)) and None not in ends:
                yield _flow(ends, (address(a), address(b)), port)


def _flow(ends: tuple[Party | None, ...], addresses: tuple[int, int], port: Port) -> Flow:
    source, destination = ends
    assert source is not None and destination is not None
    protocol, number = port
    return Flow(
        source=source,
        destination=destination,
        source_address=addresses[0],
        destination_address=addresses[1],
        protocol=protocol,
        port=number,
    )


def _party(where: Snapshot, name: str) -> Party | None:
    home, _, short = name.partition("/")
    return where.pod_of.get((home, short)) if short else External()


# ---------------------------------------------------------------- what is said


def _has(text: str, port: Port) -> bool:
    """Whether a list of ports such as `tcp/1-440, udp` has a port."""
    protocol, number = port
    for item in text.split(", "):
        name, _, numbers = item.partition("/")
        low, _, high = numbers.partition("-")
        if item == "any port" or (name == protocol.lower() and (not low or int(low) <= number <= int(high or low))):
            return True
    return False


def _said(answer: Answer) -> dict[tuple[str, ...], tuple[str, str]]:
    """Ports and undetermined ports by the names of a row."""
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    for row in answer.rows:
        ports, depends = str(row["ports"]), str(row["depends"])
        if "from" in row:
            found[str(row["from"]), str(row["to"])] = ports, depends
        else:
            found |= {(name,): (ports, depends) for name in row["pods"]}
    return found


def _expected(outcomes: set[Truth]) -> tuple[bool, bool]:
    """Whether a connection is in a row, and whether it is among what depends."""
    return Truth.ALLOWED in outcomes, outcomes == {Truth.ALLOWED, Truth.DENIED}


@pytest.mark.parametrize(("world", "prefix"), CELLS, ids=str)
def test_lists_under_a_prefix_are_the_evaluators_of_the_cluster_that_it_supposes(world: World, prefix: Prefix) -> None:
    asked = session(world)
    between = _said(asked.ask(f"{prefix.text}show reachability between pods"))
    wrong: list[object] = []
    for source in PODS:
        for destination in (each for each in PODS if each != source):
            row = between.get((source, destination), ("", ""))
            wrong += _wrong(world, prefix, (source, destination), row)
    for outside in (OFFICE, STRANGER):
        for host in world.hosts(outside)[:1]:
            sent = _said(asked.ask(f"{prefix.text}which pods can {host} reach?"))
            got = _said(asked.ask(f"{prefix.text}which pods can reach {host}?"))
            for pod in PODS:
                wrong += _wrong_at(world, prefix, (outside, pod), host, sent.get((pod,), ("", "")))
                wrong += _wrong_at(world, prefix, (pod, outside), host, got.get((pod,), ("", "")))
    assert not wrong


def _wrong(world: World, prefix: Prefix, pair: tuple[str, str], row: tuple[str, str]) -> Iterator[object]:
    for port in PROBES:
        found = outcomes(world, prefix, *pair, port)
        certain_somewhere = len(world.family.parts) > 1 and found == {Truth.ALLOWED, Truth.DENIED}
        said = _has(row[0], port), _has(row[1], port)
        if said[0] != (Truth.ALLOWED in found) or (not certain_somewhere and said != _expected(found)):
            yield pair, port, said, found


def _wrong_at(world: World, prefix: Prefix, pair: tuple[str, str], host: str, row: tuple[str, str]) -> Iterator[object]:
    part = Family.V6 if ":" in host else Family.V4
    for port in PROBES:
        found = (
            outcomes(world.on(part), prefix, *pair, port)
            if part is not world.family
            else outcomes(world, prefix, *pair, port)
        )
        if (_has(row[0], port), _has(row[1], port)) != _expected(found):
            yield host, pair, port, row, found


@pytest.mark.parametrize(("world", "prefix"), CELLS[::2], ids=str)
def test_claims_under_a_prefix_hold_if_and_only_if_no_flow_can_break_them(world: World, prefix: Prefix) -> None:
    asked = session(world)
    for source, destination, port in _some_flows(f"{world} {prefix}"):
        found = outcomes(world, prefix, source, destination, port)
        ends = [f"pod {each}" if "/" in each else " or ".join(world.hosts(each)) for each in (source, destination)]
        on = f"{port[0].lower()}/{port[1]}"
        vacuous = not found
        can = asked.ask(f"{prefix.text}can {ends[0]} reach {ends[1]} on {on}?")
        no = asked.ask(f"{prefix.text}no {ends[0]} can reach {ends[1]} on {on}")
        assert (can.verdict == "reachable", can.vacuous) == (Truth.ALLOWED in found, vacuous), can.query
        assert (no.verdict == "violated", no.vacuous) == (Truth.ALLOWED in found, vacuous), no.query


def _some_flows(seed: str) -> Iterable[tuple[str, str, Port]]:
    chance = random.Random(seed)
    for _ in range(2):
        source, destination = chance.sample(PODS, 2)
        yield source, destination, chance.choice(PROBES)
    yield chance.choice((OFFICE, STRANGER)), chance.choice(PODS), chance.choice(PROBES)


@pytest.mark.parametrize("world", each_engine(first_in_mesh=True), ids=str)
def test_a_bound_name_stands_for_each_tenant_and_namespace(world: World) -> None:
    asked = session(world)
    plain = ALWAYS[0]
    for port in ((Protocol.TCP, 441), (Protocol.UDP, 53)):
        on = f"{port[0].lower()}/{port[1]}"
        for group, groups in (("tenant", TENANTS), ("namespace", {pod.partition("/")[0]: "" for pod in PODS})):
            names = sorted(set(TENANTS.values())) if group == "tenant" else sorted(groups)
            broken = {
                name
                for name in names
                for source in PODS
                for destination in PODS
                if _group(group, destination) == name != _group(group, source)
                and Truth.ALLOWED in outcomes(world, plain, source, destination, port)
            }
            answer = asked.ask(f"for every {group} X: no pod outside {group} X can reach pods in {group} X on {on}")
            assert (answer.verdict == "violated") == bool(broken), answer.query
            for name in names:
                one = asked.ask(f"no pod outside {group} {name} can reach pods in {group} {name} on {on}")
                assert (one.verdict == "violated") == (name in broken), one.query


def _group(group: str, pod: str) -> str | None:
    home = pod.partition("/")[0]
    return TENANTS.get(home) if group == "tenant" else home

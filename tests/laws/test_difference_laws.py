"""Laws of differences: nothing differs from itself, back is the opposite of forth, and the writing does not matter."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from reachproof.documents.connectivity import ports_of
from reachproof.documents.diff import ChangedConnection, Diff
from reachproof.documents.words import Change as RowChange
from reachproof.documents.words import Relation, Verdict
from reachproof.manifests.load import load_objects
from reachproof.network.intervals import IntervalSet
from reachproof.network.options import Enforcement
from reachproof.network.policy import AddressPeer, Direction, Match, Policy, Rule
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import Session
from reachproof.queries.difference import difference
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import prepare
from reachproof.solver.z3_backend import Prover
from tests.strategies.pairs import Change, changes, edits, open_changes
from tests.strategies.snapshots import manifests, snapshots
from tests.strategies.vocabulary import Manifest

PROVER = Prover()
SOME = max(30, settings().max_examples // 4)
BACK = {
    RowChange.ADDED: RowChange.REMOVED,
    RowChange.REMOVED: RowChange.ADDED,
    RowChange.CHANGED: RowChange.CHANGED,
}
OPPOSITE = {Relation.LOOSER: Relation.STRICTER, Relation.STRICTER: Relation.LOOSER}


def diff(before: Snapshot, after: Snapshot) -> Diff:
    return difference(prepare(before), prepare(after), Budget(), PROVER)


def bare(row: ChangedConnection) -> tuple[object, ...]:
    """The row without its causes, which have places in files."""
    ports = (row.before, row.after, row.before_depends, row.after_depends, row.gained, row.lost)
    return str(row.src), str(row.dst), row.change, *ports


def turned(row: ChangedConnection) -> tuple[object, ...]:
    """The row as it is the other way round."""
    ports = (row.after, row.before, row.after_depends, row.before_depends, row.lost, row.gained)
    return str(row.src), str(row.dst), BACK[row.change], *ports


@settings(max_examples=SOME)
@given(snapshots())
def test_a_snapshot_does_not_differ_from_itself(snapshot: Snapshot) -> None:
    found = diff(snapshot, snapshot)
    assert (found.relation, found.rows, found.new, found.lost, found.policies) == (Relation.EQUIVALENT, (), (), (), ())


@settings(max_examples=SOME)
@given(open_changes())
def test_what_is_left_open_is_settled_alike_in_one_snapshot(change: Change) -> None:
    found = diff(change.before, change.before)
    assert (found.relation, found.rows, found.undetermined) == (Relation.EQUIVALENT, (), ())


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(open_changes())
def test_what_is_undetermined_forth_is_so_back(change: Change) -> None:
    forth, back = diff(change.before, change.after), diff(change.after, change.before)
    assert back.relation is OPPOSITE.get(forth.relation, forth.relation)
    assert sorted(map(str, map(bare, back.rows))) == sorted(map(str, map(turned, forth.rows)))
    assert [each.policy for each in back.undetermined] == [each.policy for each in forth.undetermined]
    assert (forth.open is None) is (back.open is None)


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(open_changes(), st.booleans())
def test_one_way_to_settle_what_is_open_shows_no_difference_that_is_ruled_out(change: Change, wish: bool) -> None:
    """Either way all rules that may match do, or none; conditions of one policy are then met alike in both."""
    found = diff(change.before, change.after)
    one_way = diff(settled(change.before, wish), settled(change.after, wish))
    assume(Relation.UNKNOWN not in (found.relation, one_way.relation))
    event(f"{one_way.relation} {found.relation}")
    if one_way.looser is not None:
        assert found.looser is not None or found.open is not None
    if one_way.stricter is not None:
        assert found.stricter is not None or found.open is not None


def settled(snapshot: Snapshot, wish: bool) -> Snapshot:
    """The snapshot in which every rule of a policy that may match does, or does not."""

    def certain(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        return tuple(replace(each, may=False) for each in rules if wish or not each.may)

    return snapshot.with_policies(
        tuple(replace(each, egress=certain(each.egress), ingress=certain(each.ingress)) for each in snapshot.policies)
    )


@pytest.mark.heavy
@settings(max_examples=max(60, settings().max_examples))
@given(edits())
def test_an_edit_in_what_is_not_modelled_alone_is_never_equivalent(change: Change) -> None:
    found = diff(change.before, change.after)
    assert found.relation is not Relation.EQUIVALENT
    assert found.undetermined or found.rows
    assert found.policies
    asked = Session(change.after, {"old": Session(change.before)}, PROVER)
    assert asked.ask("nothing changed since snapshot old").verdict is not Verdict.HOLDS


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(changes())
def test_claims_say_of_a_difference_what_its_relation_says(change: Change) -> None:
    found = diff(change.before, change.after)
    asked = Session(change.after, {"old": Session(change.before)}, PROVER)
    same = asked.ask("nothing changed since snapshot old").verdict
    new = asked.ask("nothing is newly allowed since snapshot old").verdict
    assert (same is Verdict.HOLDS) is (found.relation is Relation.EQUIVALENT)
    assert (same is Verdict.VIOLATED) is bool(found.rows)
    assert (new is Verdict.VIOLATED) is (found.looser is not None)


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(changes())
def test_the_way_back_is_the_opposite_of_the_way_forth(change: Change) -> None:
    forth, back = diff(change.before, change.after), diff(change.after, change.before)
    assert sorted(map(str, map(bare, back.rows))) == sorted(map(str, map(turned, forth.rows)))
    assert [list(map(str, ends)) for ends in (back.new, back.lost)] == [
        list(map(str, ends)) for ends in (forth.lost, forth.new)
    ]
    assert back.relation is OPPOSITE.get(forth.relation, forth.relation)
    assert (forth.looser is None) is (back.stricter is None)


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(snapshots())
def test_a_range_of_addresses_in_two_halves_changes_nothing(snapshot: Snapshot) -> None:
    halved = snapshot.with_policies(tuple(map(halves, snapshot.policies)))
    found = diff(snapshot, halved)
    assert (found.relation, found.rows) == (Relation.EQUIVALENT, ())
    written = any(isinstance(match.peer, AddressPeer) for policy in snapshot.policies for match in matches(policy))
    assert bool(found.policies) is written


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(changes(), manifests(), st.integers(0, 2**32))
def test_the_order_of_objects_changes_nothing(change: Change, objects: list[Manifest], seed: int) -> None:
    mixed = random.Random(seed).sample(objects, len(objects))
    one, other = load_objects(objects), load_objects(mixed)
    assert diff(one, other).relation is Relation.EQUIVALENT
    forth = [diff(each, change.after) for each in (one, other)]
    assert list(map(bare, forth[0].rows)) == list(map(bare, forth[1].rows))


@settings(max_examples=SOME)
@given(snapshots())
def test_without_its_network_policies_a_cluster_without_admin_policies_is_never_stricter(snapshot: Snapshot) -> None:
    assume(snapshot.options.enforcement is not Enforcement.ALWAYS)  # then no policy allows, and without any none is
    written = tuple(policy for policy in snapshot.policies if policy.ref.kind == "NetworkPolicy")
    found = diff(snapshot.with_policies(written), snapshot.with_policies(()))
    assert found.relation in (Relation.EQUIVALENT, Relation.LOOSER)
    assert all(not ports_of(row.lost) for row in found.rows)


def matches(policy: Policy) -> list[Match]:
    return [match for direction in Direction for rule in policy.rules(direction) for match in rule.matches]


def halves(policy: Policy) -> Policy:
    """The policy with two matches in place of one, wherever it names addresses."""

    def rule(each: Rule) -> Rule:
        return replace(each, matches=tuple(half for match in each.matches for half in in_two(match)))

    return replace(policy, egress=tuple(map(rule, policy.egress)), ingress=tuple(map(rule, policy.ingress)))


def in_two(match: Match) -> list[Match]:
    if not isinstance(match.peer, AddressPeer):
        return [match]
    low, high = match.peer.addresses.spans[0]
    half = IntervalSet(((low, (low + high) // 2),))
    parts = (match.peer.addresses & half, match.peer.addresses - half)
    return [replace(match, peer=replace(match.peer, addresses=part)) for part in parts]


def sidecar(name: str, address: str) -> Manifest:
    """A pod in the mesh, with an account of its own name."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}},
        "spec": {"serviceAccountName": name, "containers": [{"name": "istio-proxy", "image": "i"}]},
        "status": {"phase": "Running", "podIP": address},
    }


MESH: tuple[Manifest, ...] = (
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system"}},
    sidecar("x", "10.0.0.1"),
    sidecar("w", "10.0.0.2"),
)
NAMES = ("cluster.local/ns/shop/sa/x", "cluster.local/ns/shop/sa/y", "*")
SOURCES = st.one_of(
    st.sampled_from([{"principals": [name]} for name in NAMES]),
    st.sampled_from([{"notPrincipals": [name]} for name in NAMES]),
    st.sampled_from([{"namespaces": ["shop"]}, {"notNamespaces": ["shop"]}, {"notNamespaces": ["bank"]}]),
).map(lambda each: {"source": {**each, "ipBlocks": ["10.0.0.1"]}})


def authorization(action: str, sources: list[Manifest]) -> Manifest:
    spec = {"selector": {"matchLabels": {"app": "w"}}, "action": action, "rules": [{"from": sources}]}
    metadata = {"name": "p", "namespace": "shop"}
    return {"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": metadata, "spec": spec}


def mutual_tls(mode: str) -> Manifest:
    metadata = {"name": "default", "namespace": "istio-system"}
    spec = {"mtls": {"mode": mode}}
    return {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": metadata, "spec": spec}


@pytest.mark.heavy
@settings(max_examples=max(60, settings().max_examples))
@given(
    st.tuples(*[st.lists(SOURCES, min_size=1, max_size=2)] * 2),
    st.sampled_from(("ALLOW", "DENY")),
    st.sampled_from(("STRICT", "DISABLE")),
)
def test_no_difference_is_ruled_out_that_mutual_tls_would_show(
    sources: tuple[list[Manifest], ...], action: str, mode: str
) -> None:
    """The open thing is who proves an identity: with STRICT every pod of the mesh does, with DISABLE none."""
    policies = [authorization(action, each) for each in sources]
    found = diff(*(load_objects([*MESH, each]) for each in policies))
    settled_ = diff(*(load_objects([*MESH, each, mutual_tls(mode)]) for each in policies))
    assume(Relation.UNKNOWN not in (found.relation, settled_.relation))
    event(f"{found.relation} {settled_.relation}")
    if settled_.looser is not None:
        assert found.looser is not None or found.open is not None
    if settled_.stricter is not None:
        assert found.stricter is not None or found.open is not None

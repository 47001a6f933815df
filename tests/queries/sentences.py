"""Drawn sentences with names that are in a snapshot, for every form that is answered."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import strategies as st

from reachproof.grammar import ast
from reachproof.network.address import parse_address, parse_cidr
from reachproof.network.labels import Operator, Requirement, Selector
from reachproof.network.policy import Direction
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot

TENANT_LABEL = "team"
LABELS = (
    Selector.equal("app", "web"),
    Selector.equal("app", "db", "web"),
    Selector.of(Requirement("app", Operator.NOT_IN, ("web",))),
    Selector.of(Requirement("tier", Operator.EXISTS)),
    Selector.of(Requirement("app", Operator.EXISTS), Requirement("tier", Operator.DOES_NOT_EXIST)),
)
SPACES = (Selector.equal("team", "red"), Selector.of(Requirement("env", Operator.DOES_NOT_EXIST)))
ZONES = (Selector(), Selector.equal("zone", "a"))
ADDRESSES = (
    "10.0.0.0/29",
    "10.0.0.3",
    "10.0.0.2-10.0.0.5",
    "10.0.0.0/8",
    "192.168.0.0/24",
    "192.168.0.2",
    "203.0.113.128/25",
    "8.8.8.8",
    "0.0.0.0/0",
    "::/0",
    "fd00::/125",
    "fd01::1",
)
NUMBERS = (
    (Protocol.TCP, 80, 80),
    (Protocol.TCP, 80, 8079),
    (Protocol.TCP, 8080, 8080),
    (Protocol.UDP, 53, 53),
    (Protocol.UDP, 1, 65535),
    (Protocol.SCTP, 8080, 8080),
    (Protocol.TCP, 9999, 9999),
    (Protocol.TCP, 30080, 30080),
    (Protocol.TCP, 30000, 32767),
)


def addresses(text: str) -> ast.Addresses:
    """The set of addresses that is written so."""
    low, dash, high = text.partition("-")
    if dash:
        return ast.Addresses(text, parse_address(low), parse_address(high))
    if "/" in text:
        ((first, last),) = parse_cidr(text).spans
        return ast.Addresses(text, first, last)
    return ast.Addresses(text, parse_address(text), parse_address(text))


class Words:
    """What can be said about one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.namespaces = [ast.Name(namespace.name) for namespace in snapshot.namespaces]
        self.tenants = [
            ast.Name(t)
            for t in sorted({n.labels[TENANT_LABEL] for n in snapshot.namespaces if TENANT_LABEL in n.labels})
        ]
        self.groups = [ast.Group.NAMESPACE, *([ast.Group.TENANT] if self.tenants else [])]
        self.group = st.sampled_from(self.groups)
        self.filter = st.sampled_from(list(self._filters()))
        self.place = st.sampled_from([each for each in self._filters() if not isinstance(each, ast.Relative)])
        pods = st.lists(self.filter, max_size=2).map(lambda filters: ast.Pods(tuple(filters)))
        self.fixed_pods = st.lists(self.place, max_size=1).map(lambda filters: ast.Pods(tuple(filters)))
        simple = st.one_of(
            pods, pods, st.sampled_from(list(self._named())), st.sampled_from(list(map(addresses, ADDRESSES)))
        )
        joined = st.lists(simple, min_size=2, max_size=2).map(lambda items: ast.Union(tuple(items)))
        self.set = st.one_of(
            simple, simple, simple, joined, st.builds(ast.Difference, st.one_of(simple, joined), simple)
        )
        self.ports = self._ports()
        some = st.one_of(st.none(), self.set)
        self.exempt = st.builds(
            ast.Exempt,
            some,
            some,
            st.one_of(st.none(), self.ports.filter(lambda p: bool(p.items))),
            st.one_of(st.none(), self.group),
        ).filter(lambda each: each != ast.Exempt())
        self.exceptions = st.one_of(st.just(()), st.just(()), st.lists(self.exempt, min_size=1, max_size=2).map(tuple))

    def _filters(self) -> Iterator[ast.Filter]:
        for name in self.namespaces:
            yield ast.InNamespaces((name,))
            yield ast.Outside(ast.Group.NAMESPACE, (name,))
        yield ast.InNamespaces(tuple(self.namespaces[:2]))
        for name in self.tenants:
            yield ast.InTenants((name,))
            yield ast.Outside(ast.Group.TENANT, (name,))
        for group in self.groups:
            yield ast.InAny(group)
            yield ast.Relative(group, True)
            yield ast.Relative(group, False)
        yield from (ast.Labelled(selector) for selector in LABELS)
        yield from (ast.InNamespacesLabelled(selector) for selector in SPACES)
        yield from (ast.OnNode(ast.Name(node.name)) for node in self._snapshot.nodes)
        accounts = {(pod.namespace, pod.service_account) for pod in self._snapshot.pods}
        yield from (ast.WithServiceAccount(ast.ObjectName(*each)) for each in sorted(accounts))

    def _named(self) -> Iterator[ast.SetExpr]:
        for pod in self._snapshot.pods:
            yield ast.PodNamed(ast.ObjectName(*pod.key))
            if pod.workload:
                kind, name = pod.workload.split("/")
                yield ast.WorkloadNamed(kind.lower(), ast.ObjectName(pod.namespace, name))
                yield ast.WorkloadNamed("workload", ast.ObjectName(pod.namespace, name))
        yield from (ast.ServiceNamed(ast.ObjectName(*service.key)) for service in self._snapshot.services)
        yield from (ast.NodeNamed(ast.Name(node.name)) for node in self._snapshot.nodes)
        yield from (ast.Nodes(selector) for selector in ZONES)
        yield from (ast.Internet(), ast.OutsideCluster(), ast.Anything())

    def _ports(self) -> st.SearchStrategy[ast.Ports]:
        items: list[ast.PortNumbers | ast.PortNamed] = [ast.PortNumbers(*each) for each in NUMBERS]
        names = {port.name for pod in self._snapshot.pods for port in pod.ports}
        items += [ast.PortNamed(ast.Name(name)) for name in sorted(names)]
        some = st.lists(st.sampled_from(items), min_size=1, max_size=2, unique=True)
        return st.one_of(st.just(ast.ANY_PORT), st.builds(ast.Ports, some.map(tuple), st.booleans()))


def queries(snapshot: Snapshot) -> st.SearchStrategy[ast.Query]:
    """One sentence, sometimes with prefixes."""
    words = Words(snapshot)
    plain = st.one_of(*_statements(words)).map(ast.Query)
    return st.one_of(plain, plain, plain, _prefixed(words, snapshot))


def _statements(words: Words) -> list[st.SearchStrategy[ast.Statement]]:
    quantified = st.builds(ast.Quantified, st.sampled_from(ast.Quantifier), words.set)
    target = st.builds(ast.Target, words.set, words.ports)
    group_names = {ast.Group.NAMESPACE: words.namespaces, ast.Group.TENANT: words.tenants}

    def two(group: ast.Group) -> st.SearchStrategy[ast.Statement]:
        name = st.sampled_from(group_names[group])
        return st.builds(ast.Isolated, st.just(group), name, name, words.exceptions)

    return [
        st.builds(ast.Can, quantified, quantified, words.ports, words.exceptions),
        st.builds(ast.Can, quantified, quantified, words.ports),
        st.builds(ast.No, words.set, words.set, words.ports, words.exceptions),
        st.builds(ast.Every, words.set, quantified, words.ports, words.exceptions),
        st.builds(ast.Only, words.set, words.set, words.ports, words.exceptions),
        st.builds(
            ast.ReachOnly,
            words.set,
            st.lists(target, min_size=1, max_size=2).map(tuple),
            st.booleans(),
            words.exceptions,
        ),
        st.builds(ast.Isolated, words.group, exceptions=words.exceptions),
        words.group.flatmap(two),
        st.builds(
            ast.DefaultDeny,
            st.sampled_from(ast.DenyTier),
            st.sampled_from((None, *Direction)),
            st.one_of(words.fixed_pods, words.set),
            st.booleans(),
            words.exceptions,
        ),
        st.builds(ast.Selected, words.fixed_pods, st.sampled_from((None, *Direction))),
    ]


def _prefixed(words: Words, snapshot: Snapshot) -> st.SearchStrategy[ast.Query]:
    plain = st.one_of(*_statements(words))
    first_order = st.one_of(
        st.builds(ast.No, words.set, words.set, words.ports, words.exceptions),
        st.builds(ast.Isolated, words.group, exceptions=words.exceptions),
        st.builds(ast.Only, words.set, words.set, words.ports),
    )
    found: list[st.SearchStrategy[ast.Query]] = []
    if snapshot.policies:
        known = [ast.PolicyName(p.ref.kind.lower(), p.ref.namespace, p.ref.name) for p in snapshot.policies]
        gone = st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True)
        found.append(st.builds(ast.Query, plain, st.tuples(st.builds(ast.Without, gone.map(tuple)))))
    found.append(st.builds(ast.Query, plain, st.tuples(st.builds(ast.WithOnly, st.sampled_from(ast.DenyTier)))))
    absent = st.builds(ast.AssumingNone, words.fixed_pods, st.sampled_from(LABELS))
    found.append(st.builds(ast.Query, plain, st.tuples(absent)))
    scopes: list[ast.SetExpr] = [ast.Pods(), *(ast.Pods((ast.InNamespaces((name,)),)) for name in words.namespaces)]
    scopes += [ast.Pods((ast.InTenants((name,)),)) for name in words.tenants]
    written = st.builds(ast.AssumingAnyPolicies, st.sampled_from(scopes))
    found.append(st.builds(ast.Query, first_order, st.tuples(written)))
    found.append(words.group.flatmap(lambda group: _for_every(words, group)))
    return st.one_of(found)


def _for_every(words: Words, group: ast.Group) -> st.SearchStrategy[ast.Query]:
    name = ast.Name("X")
    inside = ast.Pods((ast.InTenants((name,)) if group is ast.Group.TENANT else ast.InNamespaces((name,)),))
    sets = st.sampled_from(
        (inside, ast.Pods((ast.Outside(group, (name,)),)), ast.Union((inside, ast.OutsideCluster())))
    )
    exempt = st.lists(st.builds(ast.Exempt, source=st.one_of(sets, words.set)), max_size=1).map(tuple)
    deny = st.builds(
        ast.DefaultDeny, st.sampled_from(ast.DenyTier), st.sampled_from(Direction), sets, st.booleans(), exempt
    )
    claims = st.one_of(st.builds(ast.No, sets, st.one_of(sets, words.set), words.ports, exempt), deny)
    return st.builds(ast.Query, claims, st.just((ast.ForEvery(group, name),)))

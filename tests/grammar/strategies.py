"""Draws every AST that the grammar can produce."""

from __future__ import annotations

from hypothesis import strategies as st

from reachproof.grammar import ast
from reachproof.grammar.ast import Group, Quantifier
from reachproof.grammar.sets import union, without
from reachproof.grammar.terms import addresses as read_addresses
from reachproof.network.labels import Operator, Requirement, Selector
from reachproof.network.policy import Direction
from reachproof.network.ports import Protocol

# Words of the language among the names, for those are what quoting is for.
WORDS = (
    *(
        "can",
        "reach",
        "in",
        "on",
        "or",
        "and",
        "except",
        "from",
        "to",
        "the",
        "a",
        "an",
        "any",
        "every",
        "pods",
        "nodes",
    ),
    *("tenant", "labelled", "writes", "is", "not", "tcp", "udp", "port", "default", "admin", "http", "which", "no"),
    *("prove", "within", "same", "different", "cluster", "internet", "outside", "ingress", "for", "with", "only"),
)
plain = st.from_regex(r"[A-Za-z0-9_](?:[-A-Za-z0-9_.]{0,6}[A-Za-z0-9_])?", fullmatch=True) | st.sampled_from(WORDS)
odd = st.text("ab Z9_./:-,?()#!=\\é", min_size=1, max_size=6).filter(lambda text: bool(text.strip()))
quoting = st.sampled_from(('it"s', "it's", "two words", "10.0.0.0/8", "tcp/80", "x#y", "end."))
name_texts = plain | odd | quoting
names = st.builds(ast.Name, name_texts)
object_parts = plain | odd.filter(lambda text: "/" not in text)
objects = st.builds(ast.ObjectName, object_parts, object_parts)
some_names = st.lists(names, min_size=1, max_size=3, unique=True).map(tuple)

label_parts = st.from_regex(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,5}[A-Za-z0-9])?", fullmatch=True) | st.sampled_from(WORDS)
label_prefixes = st.sampled_from(("", "", "app.kubernetes.io/", "10.0.0.0/", "node/"))
label_keys = st.builds(str.__add__, label_prefixes, label_parts)
label_values = label_parts | st.just("")


@st.composite
def requirements(draw: st.DrawFn) -> Requirement:
    operator = draw(st.sampled_from(Operator))
    values: set[str] = set()
    if operator in {Operator.IN, Operator.NOT_IN}:
        values = draw(st.sets(label_values, min_size=1, max_size=3))
    return Requirement(draw(label_keys), operator, tuple(sorted(values)))


selectors = st.lists(requirements(), min_size=1, max_size=3).map(lambda drawn: Selector.of(*drawn))
name_groups = st.sampled_from((Group.TENANT, Group.NAMESPACE))
filters: st.SearchStrategy[ast.Filter] = st.one_of(
    st.builds(ast.InNamespaces, some_names),
    st.builds(ast.InNamespacesLabelled, selectors),
    st.just(ast.InPossibleNamespaces()),
    st.builds(ast.InTenants, some_names),
    st.builds(ast.InAny, name_groups),
    st.builds(ast.Labelled, selectors),
    st.builds(ast.OnNode, names),
    st.builds(ast.WithServiceAccount, objects),
    st.builds(ast.Relative, name_groups, st.booleans()),
    st.builds(ast.Outside, name_groups, some_names),
)
kinds = ("deployment", "statefulset", "daemonset", "replicaset", "job", "cronjob", "workload")
address_texts = (
    *("10.0.0.0/8", "192.168.1.5", "10.0.0.1-10.0.0.9", "0.0.0.0/0", "::/0", "2001:db8::/32", "2001:DB8::1", "::1"),
    *("fe80::1-fe80::9", "::ffff:10.0.0.1", "255.255.255.255/32"),
)
single_sets: st.SearchStrategy[ast.SetExpr] = st.one_of(
    st.builds(ast.Pods, st.lists(filters, max_size=3).map(tuple), st.booleans()),
    st.builds(ast.PodNamed, objects),
    st.builds(ast.WorkloadNamed, st.sampled_from(kinds), objects),
    st.builds(ast.ServiceNamed, objects),
    st.builds(ast.NodeNamed, names),
    st.builds(ast.Nodes, selectors | st.just(Selector())),
    st.sampled_from(address_texts).map(lambda text: read_addresses(text, ast.NOWHERE)),
    st.sampled_from((ast.Internet(), ast.IngressController(), ast.OutsideCluster(), ast.Anything())),
    st.builds(ast.Domain, names | plain.map(lambda text: ast.Name("*." + text))),
)


def _lists(parts: st.SearchStrategy[ast.SetExpr]) -> st.SearchStrategy[ast.SetExpr]:
    several = st.lists(parts, min_size=2, max_size=3)
    return several.map(_union) | st.builds(without, parts, st.lists(parts, min_size=1))


def _union(drawn: list[ast.SetExpr]) -> ast.SetExpr:
    return union([item for each in drawn for item in (each.items if isinstance(each, ast.Union) else (each,))])


sets = st.recursive(single_sets, _lists, max_leaves=4)
quantified = st.builds(ast.Quantified, st.sampled_from(Quantifier), sets)


@st.composite
def port_numbers(draw: st.DrawFn) -> ast.PortNumbers:
    low, high = sorted(draw(st.tuples(st.integers(1, 65535), st.integers(1, 65535))))
    ends = draw(st.sampled_from(((low, high), (low, low), (1, 65535))))
    return ast.PortNumbers(draw(st.sampled_from(Protocol)), *ends)


port_items = st.lists(port_numbers() | st.builds(ast.PortNamed, names), max_size=3).map(tuple)
ports = st.builds(ast.Ports, port_items, st.booleans()) | st.just(ast.ANY_PORT)
exempts = st.builds(ast.Exempt, st.none() | sets, st.none() | sets, st.none() | ports, st.none() | name_groups).filter(
    lambda exempt: exempt != ast.Exempt()
)
exceptions = st.lists(exempts, max_size=2).map(tuple)

targets = st.lists(st.builds(ast.Target, sets, ports), min_size=1, max_size=3).map(tuple)
tiers = st.one_of(st.sampled_from(ast.DenyTier), st.builds(ast.NamedTier, names))
directions = st.none() | st.sampled_from(Direction)
policies = st.one_of(
    st.builds(ast.PolicyName, st.sampled_from(("networkpolicy", "ciliumnetworkpolicy")), object_parts, object_parts),
    st.builds(
        ast.PolicyName,
        st.sampled_from(("adminnetworkpolicy", "baselineadminnetworkpolicy", "clusternetworkpolicy")),
        st.just(""),
        name_texts.filter(lambda text: "/" not in text),
    ),
)
statements: st.SearchStrategy[ast.Statement] = st.one_of(
    st.builds(ast.Can, quantified, quantified, ports, exceptions),
    st.builds(ast.No, sets, sets, ports, exceptions),
    st.builds(ast.Every, sets, quantified, ports, exceptions),
    st.builds(ast.Only, sets, sets, ports, exceptions),
    st.builds(ast.ReachOnly, sets, targets, st.booleans(), exceptions),
    st.builds(ast.Isolated, name_groups, exceptions=exceptions),
    st.builds(ast.Isolated, name_groups, names, names, exceptions),
    st.builds(ast.DefaultDeny, tiers, directions, sets, st.booleans(), exceptions),
    st.builds(ast.Selected, sets, directions),
    st.builds(ast.Why, st.booleans(), sets, sets, ports),
    st.builds(ast.Which, st.sampled_from(ast.Listed), sets, st.none(), ports, exceptions),
    st.builds(ast.Which, st.sampled_from(ast.Listed), st.none(), sets, ports, exceptions),
    st.builds(ast.WhichPorts, sets, sets),
    st.builds(ast.WhichPolicies, sets, sets, ports),
    st.builds(ast.WhichSelect, sets),
    st.builds(ast.Unselected, st.sampled_from(Group), directions),
    st.builds(ast.PolicyAllows, policies),
    st.builds(ast.Show, st.sampled_from(Group), ports),
    st.builds(ast.HygieneQuestion, st.sampled_from(ast.Hygiene), st.booleans()),
    st.builds(ast.Changed, st.sampled_from(ast.ChangeForm), names, exceptions),
)
prefixes: st.SearchStrategy[ast.Prefix] = st.one_of(
    st.builds(ast.Without, st.lists(policies, min_size=1, max_size=2).map(tuple)),
    st.builds(ast.WithOnly, tiers),
    st.builds(ast.ForEvery, name_groups, names),
    st.builds(ast.AssumingNone, sets, selectors),
    st.builds(ast.AssumingAnyPolicies, sets),
)
queries = st.builds(ast.Query, statements, st.lists(prefixes, max_size=2).map(tuple))

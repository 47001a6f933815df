"""One sentence per row of the language, with the AST that it is."""

from __future__ import annotations

import pytest

from reachproof.grammar import ast
from reachproof.grammar.ast import (
    Anything,
    Can,
    Changed,
    ChangeForm,
    DefaultDeny,
    DenyTier,
    Difference,
    Every,
    Exempt,
    Group,
    Hygiene,
    HygieneQuestion,
    Isolated,
    Listed,
    Name,
    No,
    Nodes,
    ObjectName,
    Only,
    Pods,
    PortNamed,
    PortNumbers,
    Ports,
    Quantified,
    Quantifier,
    Query,
    ReachOnly,
    Selected,
    ServiceNamed,
    SetExpr,
    Show,
    Statement,
    Target,
    Union,
    Unselected,
    Which,
    WhichPolicies,
    WhichPorts,
    WhichSelect,
    Why,
    WorkloadNamed,
)
from reachproof.grammar.parse import parse
from reachproof.grammar.terms import addresses
from reachproof.network.labels import Operator, Requirement, Selector
from reachproof.network.policy import Direction
from reachproof.network.ports import Protocol


def tenant(*names: str) -> Pods:
    return Pods((ast.InTenants(tuple(map(Name, names))),))


def namespace(*names: str) -> Pods:
    return Pods((ast.InNamespaces(tuple(map(Name, names))),))


def labelled(key: str, value: str, *more: ast.Filter) -> Pods:
    return Pods((ast.Labelled(Selector.equal(key, value)), *more))


def bare(expression: SetExpr) -> Quantified:
    return Quantified(Quantifier.BARE, expression)


def some(expression: SetExpr) -> Quantified:
    return Quantified(Quantifier.ANY, expression)


def every(expression: SetExpr) -> Quantified:
    return Quantified(Quantifier.EVERY, expression)


def tcp(low: int, high: int | None = None) -> PortNumbers:
    return PortNumbers(Protocol.TCP, low, high or low)


def udp(low: int, high: int | None = None) -> PortNumbers:
    return PortNumbers(Protocol.UDP, low, high or low)


def ip(text: str) -> ast.Addresses:
    return addresses(text, ast.NOWHERE)


PODS = Pods()
IN_SHOP = ast.InNamespaces((Name("shop"),))
WEB = WorkloadNamed("deployment", ObjectName("shop", "web"))
DNS = labelled("k8s-app", "kube-dns", ast.InNamespaces((Name("kube-system"),)))
ALL_TENANTS = Pods((ast.InAny(Group.TENANT),))

STATEMENTS: list[tuple[str, Statement]] = [
    (
        "can any pod in tenant A reach 10.0.0.0/8 on tcp/5432?",
        Can(some(tenant("A")), bare(ip("10.0.0.0/8")), Ports((tcp(5432),))),
    ),
    ("BANP enforces default deny for every tenant", DefaultDeny(DenyTier.BASELINE, None, ALL_TENANTS)),
    (
        "no pod in tenant a can reach any pod in a different tenant except to pods labelled k8s-app=kube-dns "
        "in namespace kube-system on udp/53",
        No(
            tenant("a"),
            Pods((ast.Relative(Group.TENANT, False),)),
            exceptions=(Exempt(destination=DNS, ports=Ports((udp(53),))),),
        ),
    ),
    (
        "only pods labelled app=api in namespace shop can reach pods labelled app=db in namespace shop on tcp/5432",
        Only(labelled("app", "api", IN_SHOP), labelled("app", "db", IN_SHOP), Ports((tcp(5432),))),
    ),
    (
        "every pod can reach service kube-system/kube-dns on udp/53",
        Every(PODS, bare(ServiceNamed(ObjectName("kube-system", "kube-dns"))), Ports((udp(53),))),
    ),
    (
        "why can't deployment shop/web reach deployment shop/db on tcp/5432?",
        Why(True, WEB, WorkloadNamed("deployment", ObjectName("shop", "db")), Ports((tcp(5432),))),
    ),
    (
        "which addresses can pods in namespace shop reach on tcp/443?",
        Which(Listed.ADDRESSES, namespace("shop"), None, Ports((tcp(443),))),
    ),
    (
        "all tenants are isolated except to namespace kube-system on udp/53",
        Isolated(Group.TENANT, exceptions=(Exempt(destination=namespace("kube-system"), ports=Ports((udp(53),))),)),
    ),
    (
        "can anything outside the cluster reach service shop/front on tcp/80?",
        Can(bare(ast.OutsideCluster()), bare(ServiceNamed(ObjectName("shop", "front"))), Ports((tcp(80),))),
    ),
    (
        "no possible pod in tenant a can reach any pod in tenant b",
        No(Pods(tenant("a").filters, possible=True), tenant("b")),
    ),
    ("can every pod reach some node", Can(every(PODS), some(Nodes()))),
    ("every pod can reach any node", Every(PODS, some(Nodes()))),
    ("every pod can reach every node", Every(PODS, every(Nodes()))),
    ("can pods reach pods on any of tcp/1 or udp", Can(bare(PODS), bare(PODS), Ports((tcp(1), udp(1, 65535)), True))),
    ("prove that no pod can reach nodes.", No(PODS, Nodes())),
    (
        "pods can reach only nodes on tcp/1, or tenant a or the internet on udp/2, or anything",
        ReachOnly(
            PODS,
            (
                Target(Nodes(), Ports((tcp(1),))),
                Target(Union((tenant("a"), ast.Internet())), Ports((udp(2),))),
                Target(Anything()),
            ),
        ),
    ),
    ("tenant a can only reach tenant a", ReachOnly(tenant("a"), (Target(tenant("a")),))),
    ("tenant a can reach exactly tenant a", ReachOnly(tenant("a"), (Target(tenant("a")),), exactly=True)),
    ("all namespaces are isolated", Isolated(Group.NAMESPACE)),
    ("tenant a is isolated from tenant b", Isolated(Group.TENANT, Name("a"), Name("b"))),
    (
        "every pod in namespace shop is selected by a network policy for ingress",
        Selected(namespace("shop"), Direction.INGRESS),
    ),
    ("which pods can reach tenant a?", Which(Listed.PODS, None, tenant("a"))),
    ("on which ports can pods reach nodes?", WhichPorts(PODS, Nodes())),
    ("which policies decide pods to nodes on tcp/1?", WhichPolicies(PODS, Nodes(), Ports((tcp(1),)))),
    ("why can pods reach nodes?", Why(False, PODS, Nodes())),
    ("which policies select tenant a?", WhichSelect(tenant("a"))),
    ("which policies select deployment shop/web or pods?", WhichSelect(ast.Union((WEB, PODS)))),
    ("which pods are selected by no network policy?", Unselected(Group.POD, None)),
    ("which namespaces are selected by no networkpolicy for egress?", Unselected(Group.NAMESPACE, Direction.EGRESS)),
    (
        "what does netpol shop/db allow?",
        ast.PolicyAllows(ast.PolicyName("networkpolicy", "shop", "db")),
    ),
    ("show reachability between tenants on tcp/1", Show(Group.TENANT, Ports((tcp(1),)))),
    ("which rules are shadowed?", HygieneQuestion(Hygiene.SHADOWED, False)),
    ("no policy is redundant", HygieneQuestion(Hygiene.REDUNDANT, True)),
    ("which selectors match nothing?", HygieneQuestion(Hygiene.MATCHES_NOTHING, False)),
    ("no verdict is ambiguous", HygieneQuestion(Hygiene.AMBIGUOUS, True)),
    ("what changed since snapshot sha256:ab12?", Changed(ChangeForm.WHAT, Name("sha256:ab12"))),
    ("nothing is newly allowed since snapshot old", Changed(ChangeForm.NOTHING_NEW, Name("old"))),
    (
        "nothing changed since snapshot old except from tenant a to nodes on tcp/1",
        Changed(ChangeForm.NOTHING, Name("old"), (Exempt(tenant("a"), Nodes(), Ports((tcp(1),))),)),
    ),
    (
        "the cluster enforces default deny for egress for namespace shop except within the same tenant",
        DefaultDeny(DenyTier.CLUSTER, Direction.EGRESS, namespace("shop"), False, (Exempt(within=Group.TENANT),)),
    ),
    (
        "ANP enforces default deny for ingress for every namespace except namespace shop "
        "including from outside the cluster",
        DefaultDeny(DenyTier.ADMIN, Direction.INGRESS, Difference(PODS, namespace("shop")), True),
    ),
    (
        "the tier security enforces default deny for every pod",
        DefaultDeny(ast.NamedTier(Name("security")), None, PODS),
    ),
    ("network policies enforce default deny for every pod", DefaultDeny(DenyTier.NETWORK_POLICIES, None, PODS)),
    (
        "no pod can reach pods except to nodes on udp/53 or tcp/53 and from tenant a",
        No(PODS, PODS, exceptions=(Exempt(None, Nodes(), Ports((udp(53), tcp(53)))), Exempt(tenant("a")))),
    ),
    (
        "no pod can reach pods except within the same namespace and to nodes, on tcp/443",
        No(
            PODS,
            PODS,
            exceptions=(Exempt(within=Group.NAMESPACE), Exempt(None, Nodes()), Exempt(ports=Ports((tcp(443),)))),
        ),
    ),
    (
        "no pods except pods in namespace a or namespace b can reach nodes",
        No(Difference(PODS, Union((namespace("a"), namespace("b")))), Nodes()),
    ),
]

SETS: list[tuple[str, SetExpr]] = [
    ("any pod or pod shop/web-1", Union((PODS, ast.PodNamed(ObjectName("shop", "web-1"))))),
    ("deployment shop/web", WEB),
    ("workload shop/web", WorkloadNamed("workload", ObjectName("shop", "web"))),
    ("pods in namespaces shop or default", namespace("shop", "default")),
    ("namespace shop", namespace("shop")),
    ("pods in namespaces labelled env=prod", Pods((ast.InNamespacesLabelled(Selector.equal("env", "prod")),))),
    ("pods in any tenant", ALL_TENANTS),
    (
        "pods labelled app=web,tier!=db",
        Pods(
            (
                ast.Labelled(
                    Selector.of(
                        Requirement("app", Operator.IN, ("web",)), Requirement("tier", Operator.NOT_IN, ("db",))
                    )
                ),
            )
        ),
    ),
    ("pods in namespace a or namespace b", Union((namespace("a"), namespace("b")))),
    (
        "pods labelled app=web in namespace a or pods in namespace b",
        Union((labelled("app", "web", ast.InNamespaces((Name("a"),))), namespace("b"))),
    ),
    ("pods labelled app=web, nodes", Union((labelled("app", "web"), Nodes()))),
    (
        'pods labelled app=web,"node"',
        Pods(
            (
                ast.Labelled(
                    Selector.of(Requirement("app", Operator.IN, ("web",)), Requirement("node", Operator.EXISTS))
                ),
            )
        ),
    ),
    ("pods labelled app=web, pods labelled app=db", Union((labelled("app", "web"), labelled("app", "db")))),
    (
        "pods labelled env in (b, a),!legacy,extra,old notin (x)",
        Pods(
            (
                ast.Labelled(
                    Selector.of(
                        Requirement("env", Operator.IN, ("a", "b")),
                        Requirement("legacy", Operator.DOES_NOT_EXIST),
                        Requirement("extra", Operator.EXISTS),
                        Requirement("old", Operator.NOT_IN, ("x",)),
                    )
                ),
            )
        ),
    ),
    ("pods labelled app= in namespace shop", labelled("app", "", IN_SHOP)),
    ("pods labelled app==on and in namespace shop", labelled("app", "on", IN_SHOP)),
    ("pods on node worker-1", Pods((ast.OnNode(Name("worker-1")),))),
    ("pods with service account shop/api", Pods((ast.WithServiceAccount(ObjectName("shop", "api")),))),
    ("pods in the same namespace", Pods((ast.Relative(Group.NAMESPACE, True),))),
    ("pods in another tenant", Pods((ast.Relative(Group.TENANT, False),))),
    ("outside tenant a", Pods((ast.Outside(Group.TENANT, (Name("a"),)),))),
    ("pods outside namespaces a, b", Pods((ast.Outside(Group.NAMESPACE, (Name("a"), Name("b"))),))),
    ("node worker-1", ast.NodeNamed(Name("worker-1"))),
    ("nodes labelled zone=a", Nodes(Selector.equal("zone", "a"))),
    ("192.168.1.5", ast.Addresses("192.168.1.5", 0xC0A80105, 0xC0A80105)),
    ("10.0.0.1 - 10.0.0.9", ast.Addresses("10.0.0.1-10.0.0.9", 0x0A000001, 0x0A000009)),
    (
        "2001:db8::/32",
        ast.Addresses("2001:db8::/32", (1 << 128) + (0x20010DB8 << 96), (1 << 128) + (0x20010DB9 << 96) - 1),
    ),
    ("the internet", ast.Internet()),
    ("The Ingress  Controller", ast.IngressController()),
    ("addresses outside the cluster", ast.OutsideCluster()),
    ("domain api.example.com", ast.Domain(Name("api.example.com"))),
    ("anything", Anything()),
    ("possible pods in possible namespaces", Pods((ast.InPossibleNamespaces(),), possible=True)),
    ("nodes except (pods or tenant a)", Difference(Nodes(), Union((PODS, tenant("a"))))),
    ("nodes except pods except tenant a", Difference(Nodes(), Union((PODS, tenant("a"))))),
    ("(nodes except pods), tenant a", Union((Difference(Nodes(), PODS), tenant("a")))),
    ('namespaces "can" or "two words"', namespace("can", "two words")),
    ("pod \"it's\"/'web'", ast.PodNamed(ObjectName("it's", "web"))),
]

PORTS: list[tuple[str, Ports]] = [
    ("tcp/5432", Ports((tcp(5432),))),
    ("SCTP/9003", Ports((PortNumbers(Protocol.SCTP, 9003, 9003),))),
    ("tcp/8000-8999", Ports((tcp(8000, 8999),))),
    ("tcp", Ports((tcp(1, 65535),))),
    ("any port", Ports((), any_of=True)),
    ("every port", Ports()),
    ("port 5432", Ports((tcp(5432),))),
    ("port http", Ports((PortNamed(Name("http")),))),
    (
        "tcp/1, udp/2 or port x and sctp",
        Ports((tcp(1), udp(2), PortNamed(Name("x")), PortNumbers(Protocol.SCTP, 1, 65535))),
    ),
]

PREFIXES: list[tuple[str, ast.Prefix]] = [
    (
        "without networkpolicy shop/allow-db, banp default:",
        ast.Without(
            (
                ast.PolicyName("networkpolicy", "shop", "allow-db"),
                ast.PolicyName("baselineadminnetworkpolicy", "", "default"),
            )
        ),
    ),
    ("for every tenant T:", ast.ForEvery(Group.TENANT, Name("T"))),
    ("for every namespace N:", ast.ForEvery(Group.NAMESPACE, Name("N"))),
    ("with only the baseline tier:", ast.WithOnly(DenyTier.BASELINE)),
    ("with only the tier security:", ast.WithOnly(ast.NamedTier(Name("security")))),
    (
        "assuming no pod in tenant b is labelled admin=true:",
        ast.AssumingNone(tenant("b"), Selector.equal("admin", "true")),
    ),
    ("assuming whatever network policies tenant a writes:", ast.AssumingAnyPolicies(tenant("a"))),
]

SYNONYMS: list[tuple[str, str]] = [
    ("CAN ANY POD REACH Tenant A ON TCP/80", "can any pod reach tenant A on tcp/80"),
    ("can pods labeled a=b reach nodes", "can pods with labels a=b reach nodes"),
    ("can pods labelled a=b reach nodes", "can pods with labels a=b reach nodes"),
    ("BANP enforces default deny for all tenants", "the baseline tier enforces default-deny for each tenant"),
    ("with only ANP: no pod can reach nodes", "with only the admin tier: no pod can reach nodes"),
    ("why can't pods reach nodes", "why cannot pods reach nodes?"),
    ("why can’t pods reach nodes", "why can not pods reach nodes"),
    ("why can pods not reach nodes", "why can't pods reach nodes"),
    ("can pods in a different tenant reach nodes", "can pods in another tenant reach nodes"),
    ("can each pod reach a node", "can all pods reach some node"),
    ("can every pod reach any node", "can all pods reach a node"),
    ("tenant a can only reach nodes", "tenant a can reach only nodes"),
    ("tenant a can exactly reach nodes", "tenant a can reach exactly nodes"),
    ("prove no pod can reach nodes", "no pod\n  can reach # comment\n nodes."),
    ("every pod is selected by a network policy", "all pods are selected by a network policy"),
    ("without netpol a/b: can pods reach nodes", "without network policy a/b: can pods reach nodes"),
    ("every tenant is isolated", "all tenants are isolated from each other"),
]


@pytest.mark.parametrize(("text", "statement"), STATEMENTS, ids=[text for text, _ in STATEMENTS])
def test_a_sentence_says(text: str, statement: Statement) -> None:
    assert parse(text) == Query(statement)


@pytest.mark.parametrize(("text", "expression"), SETS, ids=[text for text, _ in SETS])
def test_a_phrase_is_the_set(text: str, expression: SetExpr) -> None:
    assert parse(f"which pods can {text} reach").statement == Which(Listed.PODS, expression, None)


@pytest.mark.parametrize(("text", "ports"), PORTS, ids=[text for text, _ in PORTS])
def test_a_phrase_is_the_ports(text: str, ports: Ports) -> None:
    assert parse(f"show reachability between pods on {text}").statement == Show(Group.POD, ports)


@pytest.mark.parametrize(("text", "prefix"), PREFIXES, ids=[text for text, _ in PREFIXES])
def test_a_prefix_says(text: str, prefix: ast.Prefix) -> None:
    assert parse(f"{text} no pod can reach nodes") == Query(No(PODS, Nodes()), (prefix,))


def test_prefixes_keep_their_order_and_may_follow_prove() -> None:
    query = parse("prove that " + " ".join(text for text, _ in PREFIXES) + " no pod can reach nodes")
    assert query == Query(No(PODS, Nodes()), tuple(prefix for _, prefix in PREFIXES))


def test_a_bound_name_stands_where_a_name_of_its_group_stands() -> None:
    text = "for every tenant T: no pod outside tenant T can reach any pod in tenant T on any port"
    outside = Pods((ast.Outside(Group.TENANT, (Name("T"),)),))
    statement = No(outside, tenant("T"), Ports((), any_of=True))
    assert parse(text) == Query(statement, (ast.ForEvery(Group.TENANT, Name("T")),))


def test_a_network_policy_may_be_left_out_of_a_question() -> None:
    query = parse("without networkpolicy shop/allow-db: can any pod reach pods labelled app=db?")
    removed = ast.Without((ast.PolicyName("networkpolicy", "shop", "allow-db"),))
    assert query == Query(Can(some(PODS), bare(labelled("app", "db"))), (removed,))


@pytest.mark.parametrize(("one", "other"), SYNONYMS)
def test_synonyms_have_one_ast(one: str, other: str) -> None:
    assert parse(one) == parse(other)


def test_names_keep_their_case_and_know_where_they_stand() -> None:
    text = 'can pods in tenant "Acme Co" reach tenant b'
    statement = parse(text).statement
    assert isinstance(statement, Can)
    assert statement.source.set == tenant("Acme Co")
    assert statement.source.set != tenant("acme co")
    assert isinstance(statement.source.set, Pods)
    (within,) = statement.source.set.filters
    assert isinstance(within, ast.InTenants)
    span = within.names[0].span
    assert text[span.start : span.end] == '"Acme Co"'

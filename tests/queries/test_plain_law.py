"""A law: each plain variant of an exact sentence is refused, or has the same bound problem.

The names of the drawn clusters are few and collide: words of plain speech, of ports, of places, and of each other.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import event, given
from hypothesis import strategies as st

from reachproof.grammar.ast import Query
from reachproof.grammar.parse import parse
from reachproof.grammar.plain.understand import understand
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import Session
from reachproof.queries.bind import bind
from reachproof.queries.plain_names import lexicon_of
from tests.queries.given import Manifest, deployment, namespace, pod, service, session

HOMES = ("prod", "dev", "api")
NAMES = ("api", "web", "db", "prod", "a", "http", "dns", "world", "internet", "traffic", "anyone", "redis", "not")
REACH = (
    "reach",
    "talk to",
    "access",
    "connect to",
    "get to",
    "send traffic to",
    "open a connection to",
    "communicate with",
)
MAY = ("can", "should be able to", "must be able to", "is allowed to", "may")


@dataclass(frozen=True)
class Said:
    """A set as the exact language has it, and as somebody may type it. `named`: what a bare name is the name of."""

    exact: str
    plain: str
    named: str = ""


@st.composite
def clusters(draw: st.DrawFn) -> Session:
    """Namespaces, some of a tenant, with deployments, bare pods and Services of few names."""
    objects: list[Manifest] = []
    for home in HOMES:
        tenant = draw(st.sampled_from(("", "a", "prod", "blue")))
        objects.append(namespace(home, **({"tenant": tenant} if tenant else {})))
        for name in draw(st.lists(st.sampled_from(NAMES), max_size=3, unique=True)):
            objects.append(deployment(f"{home}/{name}"))
        for name in draw(st.lists(st.sampled_from(NAMES), max_size=1)):
            objects.append(pod(f"{home}/{name}", f"10.0.{HOMES.index(home)}.{NAMES.index(name) + 1}"))
        for name in draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True)):
            selector = {"app": draw(st.sampled_from((name, *NAMES)))}
            port: Manifest = {
                "port": draw(st.sampled_from((80, 8080))),
                "targetPort": draw(st.sampled_from((80, 8080))),
            }
            objects.append(service(f"{home}/{name}", selector, port))
    return session(*objects)


def said(exact: str, *plain: str) -> st.SearchStrategy[Said]:
    """A set with one of its plain wordings."""
    return st.sampled_from([Said(exact, each) for each in plain])


def by_name(exact: str, name: str, home: str) -> st.SearchStrategy[Said]:
    """A pod, or the pods of a workload, by a name alone."""
    bare = [name, f"{home}/{name}", f"{name} in {home}", f"{name} in namespace {home}", f'"{name}"']
    bare += [f"the {name}"] if name != "internet" else []  # exact words keep their meaning
    return st.sampled_from([Said(exact, each, named=f"{home}/{name}") for each in bare])


@st.composite
def sets(draw: st.DrawFn, snapshot: Snapshot) -> Said:
    """A set that the snapshot has, in both languages."""
    homes = [each.name for each in snapshot.namespaces]
    places = [("namespace", each) for each in homes]
    places += [("tenant", each.labels["tenant"]) for each in snapshot.namespaces if "tenant" in each.labels]
    found = [
        said("the internet", "the internet", "internet", "the public internet"),
        said("outside the cluster", "outside", "the outside world", "the world"),
        said("anything", "anything", "anyone", "anybody"),
        said("any pod", "any pod", "a pod", "some pod"),
    ]
    for kind, place in places:
        found.append(said(f"pods in {kind} {place}", place, f"pods in {place}", f"{place} pods", f"pods from {place}"))
        found.append(said(f"pods outside {kind} {place}", f"pods outside {place}", f"pods not in {place}"))
    for each in snapshot.pods:
        name, home, word = each.name, each.namespace, "deployment" if each.workload else "pod"
        told = [f"{word} {name}", f"the {name} {word}", f"{word} {name} in {home}"]
        told += [f"{name} {word}"] if name != "a" else []  # `a pod` is any
        found += [by_name(f"{word} {each}", name, home), said(f"{word} {each}", *told)]
    for of in snapshot.services:
        found.append(said(f"service {of}", f"service {of.name}", f"svc/{of.name}", f"the {of.name} service"))
    return draw(draw(st.sampled_from(found)))


PORTS = (
    *(Said("", ""), Said("", ""), Said(" on tcp/5432", " on 5432"), Said(" on tcp/80", " on port 80")),
    *(Said(" on udp/53", " on 53/udp"), Said(" on tcp/443", " over https"), Said(" on tcp/80", ":80")),
    *(Said(" on tcp/22", " on ssh"), Said(" on tcp/80, tcp/443", " on 80 and 443"), Said(" on tcp/80", " on http")),
)


@st.composite
def sentences(draw: st.DrawFn, snapshot: Snapshot) -> tuple[str, str, bool]:
    """An exact sentence, a plain one, and whether a bare name in it may stand for its Service."""
    a, b, on = draw(sets(snapshot)), draw(sets(snapshot)), draw(st.sampled_from(PORTS))
    reach, may = draw(st.sampled_from(REACH)), draw(st.sampled_from(MAY))
    quantified = a.exact.startswith("any ")
    subject = a.exact.removeprefix("any ")
    plain_subject = "pod" if quantified else a.plain
    by_service = bool(b.named and on.exact) and any(str(each) == b.named for each in snapshot.services)
    to, onto = f"{b.exact}{on.exact}", f"{b.plain}{on.plain}"
    can, why, only = f"can {a.exact} reach {to}", f"why can't {a.exact} reach {to}", f"only {subject} can reach {to}"
    forms = [
        (can, f"can {a.plain} {reach} {onto}?"),
        (can, f"can {b.plain} be reached from {a.plain}{on.plain}?"),
        (can, f"is traffic from {a.plain} to {onto} allowed?"),
        (can, f"is {b.plain} reachable from {a.plain}{on.plain}"),
        (can, f"does {a.plain} have access to {onto}?"),
        (can + f" except from {subject}", f"can {a.plain} {reach} {onto} except from {a.plain}"),
        (why, f"why can't {a.plain} {reach} {onto}?"),
        (why, f"why is traffic from {a.plain} to {onto} blocked?"),
        (why, f"what blocks {a.plain} from reaching {onto}?"),
        (f"no {subject} can reach {to}", f"no {plain_subject} {may} {reach} {onto}"),
        (f"no {subject} can reach {to}", f"{a.plain} must not {reach} {onto}"),
        (only, f"only {plain_subject} {may} {reach} {onto}"),
        (only, f"{b.plain} should only be reachable from {plain_subject}{on.plain}"),
        (f"{subject} can reach only {to}", f"{plain_subject} can only {reach} {onto}"),
        (f"which pods can reach {to}", f"who can {reach} {onto}?"),
        (f"which pods can {a.exact} reach", f"what can {a.plain} {reach}?"),
        (f"on which ports can {a.exact} reach {b.exact}", f"which ports can {a.plain} use to {reach} {b.plain}?"),
    ]
    exact, plain = draw(st.sampled_from(forms))
    return exact, plain, by_service


def _bound(asked: Session, query: Query) -> object:
    place = asked.place_of(query)
    return bind(query, place.encoding.universe).plan


@given(st.data())
def test_a_plain_variant_is_refused_or_has_the_same_bound_problem(data: st.DataObject) -> None:
    asked = data.draw(clusters())
    exact, plain, by_service = data.draw(sentences(asked.snapshot))
    found = understand(plain, lexicon_of(asked.snapshot))
    if not isinstance(found, Query):
        event(f"refused: {type(found).__name__}")
        return
    event("understood")
    if by_service and " service " in found.exact:
        return  # on a port of the Service of its name, a bare name is what that leads to
    meant = parse(exact)
    assert found == meant or _bound(asked, found) == _bound(asked, meant), (plain, found.exact, exact)

"""The synonyms of plain speech: a wording that is added here is understood in every sentence that has its like.

Nothing here may have a second meaning: `ping` is none of policy's concern, and `use` could go either way, so both are
left out. How the wordings stand in sentences is in `grammar.plain.forms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from reachproof.network.ports import Protocol

WORDINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # A ... B: A opens a connection to B
        "reach": (
            *("reach", "access", "contact", "call", "hit", "scrape", "connect (to|with)", "get to", "get through to"),
            *("(talk|speak) (to|with)", "communicate with", "scrape metrics from"),
            "(open|make|establish|initiate) [a|any] (connection|connections|network connection) to",
            "(send|make) [any] (traffic|requests|packets|data) to",
            "have [network] access to",
        ),
        "reaching": (
            *("reaching", "accessing", "contacting", "calling", "hitting", "scraping", "connecting (to|with)"),
            *("getting to", "(talking|speaking) (to|with)", "communicating with"),
            "(opening|making|establishing) [a|any] (connection|connections) to",
            "sending [any] (traffic|requests|packets|data) to",
        ),
        "reached": ("reached", "accessed", "contacted", "called", "hit", "scraped"),
        "reachable": ("reachable", "accessible"),
        "unreachable": ("unreachable", "inaccessible", "not (reachable|accessible)"),
        "access": ("[network|any|direct] access", "[network|any] connectivity"),
        # may A ...
        "can": ("can", "could", "may"),
        "may": (
            *("can", "may", "should", "must", "(should|must) be able to"),
            *("(is|are) (able|allowed|permitted) to", "(should|must) be (allowed|permitted) to"),
        ),
        "may-not": (
            *("(can|should|must) not", "(should|must) never", "(should|must) not be able to"),
            *("(is|are) not (able|allowed|permitted) to", "(should|must) not be (allowed|permitted) to"),
            "(is|are) unable to",
        ),
        "by": ("by", "from"),
        "is": ("is", "are"),
        "does": ("does", "do"),
        "has": ("has", "have"),
        "that": ("that", "which", "who"),
        "which": ("which", "what"),
        "traffic": ("[any|all|the] [network] (traffic|connections|requests|connectivity|communication)",),
        "allowed": ("allowed", "permitted", "possible", "open"),
        "blocked": ("blocked", "denied", "dropped", "rejected", "refused", "forbidden", "not (allowed|permitted)"),
        "blocks": (
            *("blocks", "block", "is blocking", "are blocking", "stops", "stop", "prevents", "prevent"),
            *("denies", "deny"),
        ),
        "show": ("(show|list|give|tell) [me|us]", "(find|display|print)"),
        "internet-access": ("[outbound|external|any] internet access", "[any] access to [the] internet"),
        "policy": ("[network] (policy|policies)", "networkpolicy", "networkpolicies", "netpol", "netpols"),
        "default-deny": ("default deny", "default-deny"),
        "each-other": ("each other", "one another"),
        "ports": ("port", "ports"),
        "uses": ("use", "connect to", "reach", "access", "talk to", "get to"),
        "names": ("names", "hostnames", "domain names", "dns", "dns names"),
        "whether": (
            "(check|see|test|verify|find out|tell me|can you tell me|i want to know|do you know) (if|whether)",
            "is it (true|possible) that",
        ),
        "prove": ("(prove|check|verify|ensure|assert|confirm|guarantee|make sure) [that]",),
        "if-removed": ("if (i|we|you) (delete|remove|drop|take away)", "when (i|we|you) (delete|remove)"),
    }
)

NOBODY = frozenset(("nothing", "nobody", "none", "noone"))
"""As a subject: no endpoint at all."""

ANYTHING = frozenset(("anything", "anyone", "anybody", "something", "someone", "somebody"))
"""Every endpoint, pods and addresses outside alike; with a place behind it, the pods there."""

ALL_OF = frozenset(("everything", "everyone", "everybody"))
"""With a place behind it, every pod there; alone it could leave the outside in or out."""

QUANTIFIERS: Mapping[str, str] = MappingProxyType(
    {"any": "any", "some": "any", "every": "every", "each": "every", "all": "every"}
)
ARTICLES = frozenset(("the", "my", "our", "a", "an"))
PODS = frozenset(("pod", "pods"))

EXCEPT = (("except", "for"), ("other", "than"), ("apart", "from"), ("except",), ("besides",), ("excluding",), ("but",))
"""Before what is left out; the longer ones first."""

OUTSIDE = "outside the cluster"
INTERNET = "the internet"
PLACES: Mapping[str, str] = MappingProxyType(
    {
        "outside": OUTSIDE,
        "outside world": OUTSIDE,
        "world": OUTSIDE,
        "outside the cluster": OUTSIDE,
        "outside of the cluster": OUTSIDE,
        "external addresses": OUTSIDE,
        "internet": INTERNET,
        "public internet": INTERNET,
        "ingress controller": "the ingress controller",
    }
)
"""After an article or none; the exact words for each."""

METADATA = frozenset(
    f"{cloud}metadata {noun}".strip()
    for cloud in ("", "cloud ", "instance ", "cloud instance ")
    for noun in ("service", "server", "endpoint", "api", "address")
)
API_SERVER = frozenset(
    (
        *("api server", "apiserver", "kube-apiserver", "kube api server", "kubernetes api server", "kubernetes api"),
        *("kube api", "k8s api", "k8s api server"),
    )
)
DNS = frozenset(("dns", "cluster dns", "dns service", "dns server", "cluster dns service"))

KINDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("deployment", "deployments", "deploy"), "deployment"),
        **dict.fromkeys(("statefulset", "statefulsets", "sts"), "statefulset"),
        **dict.fromkeys(("daemonset", "daemonsets", "ds"), "daemonset"),
        **dict.fromkeys(("replicaset", "replicasets", "rs"), "replicaset"),
        **dict.fromkeys(("job", "jobs"), "job"),
        **dict.fromkeys(("cronjob", "cronjobs"), "cronjob"),
        **dict.fromkeys(("workload", "workloads"), "workload"),
        **dict.fromkeys(("service", "services", "svc"), "service"),
        **dict.fromkeys(("namespace", "namespaces", "ns"), "namespace"),
        **dict.fromkeys(("tenant", "tenants"), "tenant"),
        **dict.fromkeys(("node", "nodes"), "node"),
        **dict.fromkeys(("pod", "pods", "po"), "pod"),
    }
)
"""The words before or behind a name that say of which kind it is."""

WELL_KNOWN: Mapping[str, tuple[tuple[Protocol, int], ...]] = MappingProxyType(
    {
        "ssh": ((Protocol.TCP, 22),),
        "smtp": ((Protocol.TCP, 25),),
        "dns": ((Protocol.UDP, 53), (Protocol.TCP, 53)),
        "http": ((Protocol.TCP, 80),),
        "https": ((Protocol.TCP, 443),),
        "ldap": ((Protocol.TCP, 389),),
        "ldaps": ((Protocol.TCP, 636),),
        "mysql": ((Protocol.TCP, 3306),),
        "postgres": ((Protocol.TCP, 5432),),
        "postgresql": ((Protocol.TCP, 5432),),
        "redis": ((Protocol.TCP, 6379),),
        "kubelet": ((Protocol.TCP, 10250),),
    }
)
"""Ports by the names that people use for them; most are in /etc/services."""

LISTED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("pod", "pods"), "pods"),
        **dict.fromkeys(("namespace", "namespaces"), "namespaces"),
        **dict.fromkeys(("tenant", "tenants"), "tenants"),
        **dict.fromkeys(("workload", "workloads"), "workloads"),
        **dict.fromkeys(("service", "services"), "services"),
        **dict.fromkeys(("node", "nodes"), "nodes"),
        **dict.fromkeys(("address", "addresses", "ips", "ip addresses", "external addresses"), "addresses"),
    }
)
"""The kinds of which there are lists, by the words for them."""

UNNAMED = frozenset(
    (
        *(
            "no",
            "not",
            "nothing",
            "nobody",
            "none",
            "noone",
            "neither",
            "nor",
            "never",
            "only",
            "just",
            "except",
            "but",
        ),
        *(
            "other",
            "than",
            "any",
            "some",
            "every",
            "each",
            "all",
            "the",
            "and",
            "or",
            "to",
            "from",
            "in",
            "on",
        ),
        *(
            "of",
            "by",
            "if",
            "can",
            "is",
            "are",
            "does",
            "do",
            "which",
            "what",
            "who",
            "why",
            "where",
            "with",
            "without",
        ),
        *(
            "else",
            "it",
            "itself",
            "them",
            "this",
            "that",
            "there",
            "reach",
            "outside",
            "labelled",
            "labeled",
            "between",
        ),
    )
)
"""Words that are a name only in quotes."""

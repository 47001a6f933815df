"""A small cluster, policies for it, and what lint says of them."""

from __future__ import annotations

from dataclasses import replace

from reachproof.documents.findings import Code
from reachproof.documents.words import FindingSeverity
from reachproof.manifests import load_text
from reachproof.network.options import DEFAULT_OPTIONS, Cni
from reachproof.network.snapshot import Snapshot
from reachproof.queries import hygiene
from reachproof.queries.findings import ordered
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import prepare
from tests.agreement.engines import prover


def namespace(name: str, labels: str = "") -> str:
    return f"""
---
apiVersion: v1
kind: Namespace
metadata: {{name: {name}, labels: {{{labels}}}}}
"""


def pod(name: str, address: int, *, home: str = "shop", label: str = "", ports: str = "", host: bool = False) -> str:
    return f"""
---
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {home}, labels: {{{label or f"app: {name}"}}}}}
spec: {{nodeName: n1, hostNetwork: {str(host).lower()}, containers: [{{name: c, image: i, ports: [{ports}]}}]}}
status: {{phase: Running, podIP: {"192.168.0.1" if host else f"10.0.0.{address}"}}}
"""


def service(name: str, port: int, target: int | str, app: str, *, home: str = "shop") -> str:
    return f"""
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {home}}}
spec: {{clusterIP: 10.96.0.9, selector: {{app: {app}}}, ports: [{{port: {port}, targetPort: {target}}}]}}
"""


def policy(name: str, spec: str, *, home: str = "shop") -> str:
    return f"""
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {name}, namespace: {home}}}
spec: {{{spec}}}
"""


NODE = """
---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}
"""
CLUSTER = (
    NODE
    + namespace("shop")
    + namespace("tools")
    + pod("db", 1, ports="{name: sql, containerPort: 5432}")
    + pod("web", 2, ports="{containerPort: 8080}")
    + pod("agent", 3, home="tools")
    + service("web", 80, 8080, "web")
)
FOR_DB = "podSelector: {matchLabels: {app: db}}"


def snapshot(*texts: str, cni: Cni = Cni.SPEC) -> Snapshot:
    return load_text("".join(texts), name="all.yaml", options=replace(DEFAULT_OPTIONS, cni=cni))


def findings(of: Snapshot, *codes: Code) -> list[tuple[FindingSeverity, str]]:
    """Severity and text of the findings with one of these codes."""
    found, undecided = hygiene.all_findings(prepare(of), Budget(), prover())
    assert undecided == []
    return [(each.severity, each.text) for each in ordered(found) if each.code in codes]

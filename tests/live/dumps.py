"""One cluster in three forms: as it was applied, and as `kubectl get` prints it from a real API server, YAML or JSON.

    python -m tests.live.dumps      asks a new server, and writes what it prints to tests/live/dumped

The ordinary tests read what was written (tests/manifests/test_dumps.py), `make live` asks a server again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from reachproof.documents.json import plain
from reachproof.manifests.load import load
from reachproof.network.options import Cni, Options
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import answer_document
from reachproof.queries.ask import Session
from tests.live.server import Server, server, wait_for

APPLIED = Path(__file__).parent / "applied"
DUMPED = Path(__file__).parent / "dumped"
# What is dumped into each file, as kubectl names it.
KINDS = {
    "cluster": (
        "namespaces,nodes,pods,services,endpointslices,networkpolicies,"
        "adminnetworkpolicies,baselineadminnetworkpolicies,clusternetworkpolicies"
    ),
    "cilium": "ciliumnetworkpolicies,ciliumclusterwidenetworkpolicies",
    "calico": (
        "networkpolicies.crd.projectcalico.org,globalnetworkpolicies.crd.projectcalico.org,"
        "globalnetworksets.crd.projectcalico.org"
    ),
    "istio": "peerauthentications,authorizationpolicies",
}
# The files that are read together, and as what.
READINGS = {
    "kubernetes": (("cluster",), Cni.SPEC),
    "cilium": (("cluster", "cilium"), Cni.CILIUM),
    "calico": (("cluster", "calico"), Cni.CALICO),
    "istio": (("cluster", "istio"), Cni.SPEC),
}
QUESTIONS = (
    "can any pod reach any pod?",
    "show reachability between pods",
    "can any pod reach nodes?",
    "no pod in namespace lab can reach pods in namespace bank",
    "all tenants are isolated",
    "every pod is selected by a network policy for ingress",
    "which selectors match nothing?",
    "can 203.0.113.7 reach pod shop/web on tcp/9000?",
    "can 203.0.113.200 reach pod shop/web?",
    "can pod shop/web reach 64:ff9b::a01:203?",
    "can pod shop/web reach 2001:db8::7 on tcp/443?",
    "why can't pod lab/probe reach pod bank/ledger on tcp/5432?",
    "can any pod reach service shop/web?",
    "can any pod reach service bank/ledger?",
    "can any pod reach service bank/outside?",
)


def read(folder: Path, reading: str, form: str) -> Snapshot:
    """The snapshot of the files of a reading in a folder; `form` is `yaml` or `json`."""
    names, cni = READINGS[reading]
    return load(*(folder / f"{name}.{form}" for name in names), options=Options(cni=cni))


def answers(snapshot: Snapshot, *, notices: bool = True) -> dict[str, Any]:
    """What is said to each question, without times, places and digests: these differ between forms of one cluster.

    Without `notices` also without what the answers rest on: a server tells more than what was applied.
    """
    session = Session(snapshot)
    left_out = ("origin", "evidence", *(() if notices else ("assumptions", "warnings")))
    return {question: _without(plain(answer_document(session.ask(question))), left_out) for question in QUESTIONS}


def _without(value: Any, left_out: Sequence[str]) -> Any:
    match value:
        case dict():
            return {key: _without(each, left_out) for key, each in value.items() if key not in left_out}
        case list() | tuple():
            return [_without(each, left_out) for each in value]
    return value


@contextmanager
def holding_server(folder: Path) -> Iterator[Server]:
    """A server that holds the applied files, with the slices that Kubernetes' own controller made of them."""
    with server(folder) as found:
        for name in KINDS:
            text = (APPLIED / f"{name}.yaml").read_text()
            found.kubectl("apply", "-f", "-", given=text)
            found.give_status(yaml.safe_load_all(text))
        with found.endpoint_slices():
            wait_for(lambda: _services_with_slices(found) == 3, "the EndpointSlice controller")
        yield found


def _services_with_slices(found: Server) -> int:
    """How many Services have slices of the controller, with somebody in each of them."""
    manager = "endpointslice.kubernetes.io/managed-by"
    slices = [each for each in found.items("endpointslices") if manager in each["metadata"]["labels"]]
    return len({each["metadata"]["labels"]["kubernetes.io/service-name"] for each in slices if each["endpoints"]})


def dump(found: Server, folder: Path) -> None:
    """Writes what the server holds: each of KINDS as YAML and as JSON."""
    folder.mkdir(exist_ok=True)
    for name, kinds in KINDS.items():
        for form in ("yaml", "json"):
            (folder / f"{name}.{form}").write_text(found.kubectl("get", kinds, "-A", "-o", form))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as work, holding_server(Path(work)) as running:
        dump(running, DUMPED)

"""One measurement in a process of its own: prints a JSON object for `bench.__main__`."""

from __future__ import annotations

import json
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import TypeVar

from reachproof.grammar.parse import parse
from reachproof.manifests.cache import SnapshotCache
from reachproof.manifests.load import load
from reachproof.manifests.private_folder import PrivateFolder
from reachproof.network.options import Cni, Options
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import Session
from reachproof.queries.bind import bind
from reachproof.queries.plan import Plan
from reachproof.queries.tenancy import tenants
from reachproof.solver.bitset_engine import verdicts
from reachproof.solver.budget import Budget
from reachproof.solver.decide import Found, search
from reachproof.solver.goal import All, At, Members, Search, Side
from reachproof.solver.slice import cut
from reachproof.solver.table import everything, region
from reachproof.solver.z3_backend import Prover

T = TypeVar("T")
PORTS = ("tcp/5432", "tcp/8080", "udp/53", "tcp/443", "tcp/9090")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def questions(snapshot: Snapshot, count: int) -> list[str]:
    chance = random.Random(1)
    names = tenants(snapshot)
    namespaces = [namespace.name for namespace in snapshot.namespaces]
    found = []
    for number in range(count):
        a, b = chance.choice(names), chance.choice(names)
        port, namespace = chance.choice(PORTS), chance.choice(namespaces)
        found.append(
            (
                f"can any pod in tenant {a} reach 10.0.0.0/8 on {port}?",
                f"no pod in tenant {a} can reach any pod in tenant {b} on {port}",
                f"only pods in tenant {a} can reach pods in namespace {namespace} on {port}",
                f"can pods in namespace {namespace} reach pods labelled role=db on {port}?",
            )[number % 4]
        )
    return found


def goal_of(session: Session, text: str) -> Search:
    plan = bind(parse(text), session.encoding.universe).plan
    assert isinstance(plan, Plan)
    goal = plan.checks[0].goal
    assert isinstance(goal, Search)
    return goal


def both_engines(session: Session, text: str, prover: Prover) -> bool:
    """Yes or no as both engines say, without the rules that a proof rests on and without a replay."""
    outcome = search(session.encoding, goal_of(session, text), Budget().start(), prover, explain=False)
    return isinstance(outcome, Found)


def sets_alone(session: Session, text: str) -> bool:
    goal = goal_of(session, text)
    part = cut(session.encoding, (goal.region,), Budget().start())
    inside = everything(part) & region(part, goal.region)
    return bool((inside & verdicts(part, Budget().start()).wanted(goal.wanted)).any())


def loading_again(folder: str, options: Options) -> float:
    """The second time, from a cache; the first makes it."""
    with tempfile.TemporaryDirectory() as place:
        cache = SnapshotCache(folder=PrivateFolder(path=f"{place}/cache", most_bytes=10**9), least_bytes=0)
        load(folder, options=options, cache=cache)
        return timed(lambda: load(folder, options=options, cache=cache))[0]


def main(folder: str, count: int, cni: str) -> None:
    row: dict[str, float] = {}
    options = Options(cni=Cni(cni))
    row["load"], snapshot = timed(lambda: load(folder, options=options))
    session = Session(snapshot)
    row["prepare"], encoding = timed(lambda: session.encoding)
    asked = questions(snapshot, count + 1)
    parse(asked[0])
    first, _ = timed(lambda: session.ask(asked[0]))
    following = [timed(lambda text=text: session.ask(text))[0] for text in asked[1:]]
    prover = Prover()
    engines = [timed(lambda text=text: both_engines(session, text, prover))[0] for text in asked[1:]]
    alone = [timed(lambda text=text: sets_alone(session, text))[0] for text in asked[1:]]
    ends = Members(encoding.universe.pods | encoding.universe.external)
    everything_but_nodes = All((At(Side.SOURCE, ends), At(Side.DESTINATION, ends)))
    row["all"], _ = timed(lambda: verdicts(cut(encoding, (everything_but_nodes,), Budget().start()), Budget().start()))
    row["first"] = first * 1000
    row["p50"] = statistics.median(following) * 1000
    row["p95"] = statistics.quantiles(following, n=20)[-1] * 1000
    row["engines_p50"] = statistics.median(engines) * 1000
    row["engines_p95"] = statistics.quantiles(engines, n=20)[-1] * 1000
    row["sets_p50"] = statistics.median(alone) * 1000
    row["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    row["again"] = loading_again(folder, options)
    row["pods"], row["policies"] = len(snapshot.pods), len(snapshot.policies)
    print(json.dumps(row))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])

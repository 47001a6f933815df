"""State that a worker keeps from one question to the next, and that answers do not depend on it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from reachproof.api.schemas import QueryRequest
from reachproof.api.snapshot_provider import SnapshotProvider
from reachproof.api.workers.current_task import CurrentTask
from reachproof.api.workers.response_spool import IN_MEMORY, NoSpoolRoom, Spool, SpoolRoom
from reachproof.api.workers.session_cache import MOST, SessionCache, key_of
from reachproof.network import process_memory as memory
from reachproof.network.errors import InputError
from reachproof.network.snapshot import Snapshot
from reachproof.solver.budget import Budget
from reachproof.solver.z3_backend import GaveUp, Prover
from tests.api.requests import ISOLATED, MANIFESTS, tenants

DIGEST = tenants().digest
PLENTY = 10**12


class Counting(SnapshotProvider):
    """The snapshots of a provider, and how often one was read from it."""

    def __init__(self) -> None:
        super().__init__(tenants())
        self.count = 0

    def stored(self, wanted: str | None, options: Mapping[str, Any]) -> Snapshot:
        self.count += 1
        return super().stored(wanted, options)


def stored(**options: str) -> QueryRequest:
    return QueryRequest(query=ISOLATED, options=options)


def sent(text: str, **options: str) -> QueryRequest:
    return QueryRequest(query=ISOLATED, manifests=text, options=options)


def test_a_stored_snapshot_is_read_once_whatever_the_options() -> None:
    provider = Counting()
    cache = SessionCache(Prover(), provider, PLENTY)
    asked = [stored(), stored(enforcement="none"), stored(), stored(enforcement="none"), stored(podCidr="10.0.0.0/8")]
    sessions = [cache.session(each, {None: DIGEST}) for each in asked]
    assert provider.count == 1
    assert sessions[0] is sessions[2] and sessions[1] is sessions[3]
    assert len({id(each) for each in sessions}) == 3
    assert (cache.hits, cache.misses) == (2, 3)


@pytest.mark.parametrize(
    "other",
    [sent(MANIFESTS + "\n"), sent(MANIFESTS, enforcement="none"), sent(MANIFESTS, tenantLabel="team")],
)
def test_what_decides_how_a_snapshot_comes_out_is_in_its_key(other: QueryRequest) -> None:
    assert key_of(other, {}) != key_of(sent(MANIFESTS), {})
    assert key_of(sent(MANIFESTS), {}) == key_of(sent(MANIFESTS), {})
    assert key_of(sent(MANIFESTS), {}, "old") != key_of(sent(MANIFESTS), {}, "new")


def test_lists_of_objects_are_read_each_time() -> None:
    cache = SessionCache(Prover(), SnapshotProvider(tenants()), PLENTY)
    asked = QueryRequest(query=ISOLATED, manifests=[])
    assert cache.session(asked, {}) is not cache.session(asked, {})
    assert not cache.keys


def test_wrong_manifests_are_not_kept() -> None:
    cache = SessionCache(Prover(), SnapshotProvider(tenants()), PLENTY)
    with pytest.raises(InputError):
        cache.session(sent("kind: ["), {})
    assert not cache.keys


def test_what_was_used_last_is_kept_as_long_as_there_is_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = SessionCache(Prover(), SnapshotProvider(tenants()), most_bytes=250)
    monkeypatch.setattr(memory, "resident", lambda: 100 * len(cache.keys))
    texts = [f"{MANIFESTS}# {number}" for number in range(3)]
    for text in (texts[0], texts[1], texts[0], texts[2]):
        cache.session(sent(text), {})
    assert not cache.settle()
    assert cache.keys == {key_of(sent(texts[0]), {}), key_of(sent(texts[2]), {})}


def test_a_worker_that_has_too_much_with_nothing_kept_should_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = SessionCache(Prover(), SnapshotProvider(tenants()), most_bytes=250)
    monkeypatch.setattr(memory, "resident", lambda: 300)
    cache.session(sent(MANIFESTS), {})
    assert cache.settle()
    assert not cache.keys


def test_small_snapshots_are_bounded_by_their_number() -> None:
    cache = SessionCache(Prover(), SnapshotProvider(tenants()), PLENTY)
    for number in range(MOST + 3):
        cache.session(sent(f"{MANIFESTS}# {number}"), {})
    cache.settle()
    assert len(cache.keys) == MOST


# ---------------------------------------------------------------- calling off


def pigeons(count: int) -> str:
    """Pigeonhole problem with one pigeon too many: hard to refute."""
    names = [[f"p{pigeon}_{hole}" for hole in range(count)] for pigeon in range(count + 1)]
    declared = [f"(declare-const {name} Bool)" for row in names for name in row]
    somewhere = [f"(assert (or {' '.join(row)}))" for row in names]
    apart = [
        f"(assert (not (and {names[one][hole]} {names[other][hole]})))"
        for hole in range(count)
        for one in range(count + 1)
        for other in range(one)
    ]
    return "".join([*declared, *somewhere, *apart])


def test_work_that_is_called_off_ends_as_if_its_time_were_over_and_the_next_is_not_touched() -> None:
    begun = threading.Event()
    prover = Prover()
    current = CurrentTask(prover, begun.set)
    current.begin(7)
    found: list[object] = []
    budget = Budget(seconds=600, rlimit=2**31, clock=current.clock)
    worker = threading.Thread(target=lambda: found.append(prover.run(pigeons(12), (), budget.start())))
    worker.start()
    assert begun.wait(60)
    current.cancel(6)
    assert not current.cancelled
    caller = threading.Thread(target=current.cancel, args=(7,))
    caller.start()
    worker.join(60)
    current.end()
    caller.join(60)
    assert found == [GaveUp("time limit of 600 s reached")]
    current.begin(8)
    assert not isinstance(prover.run("(declare-const a Bool)(assert a)", ("a",), budget.start()), GaveUp)


def test_time_that_was_called_off_does_not_begin_again() -> None:
    current = CurrentTask(Prover(), lambda: None)
    current.begin(1)
    budget = Budget(clock=current.clock).start()
    caller = threading.Thread(target=current.cancel, args=(1,))
    caller.start()
    while not current.cancelled:
        pass
    assert (budget.left, budget.start().left) == (0.0, 0.0)
    current.end()
    caller.join(60)


# ---------------------------------------------------------------- documents that wait


def test_documents_that_wait_have_so_much_room_together() -> None:
    room = SpoolRoom(10)
    one, other = Spool(room), Spool(room)
    one.write(b"123456")
    with pytest.raises(NoSpoolRoom):
        other.write(b"12345")
    one.close()
    one.close()
    assert room.used == 0
    other.write(b"1234567890")
    other.clear()
    other.write(b"abc")
    assert (other.content(), list(other.blocks()), room.used) == (b"abc", [b"abc"], 3)
    other.close()
    with pytest.raises(NoSpoolRoom):
        other.write(b"late")


def test_a_large_document_comes_out_as_it_went_in() -> None:
    spool = Spool(SpoolRoom(10 * IN_MEMORY))
    blocks = [bytes([number]) * 300_000 for number in range(8)]
    for block in blocks:
        spool.write(block)
    assert not spool.is_small
    assert b"".join(spool.blocks()) == b"".join(blocks)
    spool.close()

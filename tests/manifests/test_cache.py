"""The cache of snapshots: what comes from it equals what would be read, and whatever decides the reading misses it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import shutil
import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from reachproof import engines, network
from reachproof.documents.json import plain
from reachproof.manifests import cache as module
from reachproof.manifests.cache import SnapshotCache
from reachproof.manifests.errors import ManifestError
from reachproof.manifests.limits import DEFAULT_LIMITS
from reachproof.manifests.load import load
from reachproof.manifests.loader import Loading
from reachproof.manifests.private_folder import PrivateFolder
from reachproof.network.options import Cni, Enforcement, HostNetworkPods, Options
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import answer_document
from reachproof.queries.ask import Session
from tests.house.places import ROOT

EXAMPLES = sorted((ROOT / "queries" / "examples").iterdir())
TENANTS = ROOT / "queries" / "examples" / "tenants"
SENTENCES = (
    "can any pod in tenant A reach 10.0.0.0/8 on tcp/5432?",
    "all tenants are isolated",
    "show reachability between pods",
    "why can't pod globex-web/site-6f7c9 reach pod acme-shop/orders-5b6f8 on tcp/9000?",
)


@pytest.fixture
def kept(tmp_path: Path) -> SnapshotCache:
    return SnapshotCache(folder=PrivateFolder(path=str(tmp_path / "cache"), most_bytes=10_000_000), least_bytes=0)


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on, whoever reads a manifest fails."""

    def refuse(*_: object) -> None:
        raise AssertionError("a manifest is read")

    return lambda: monkeypatch.setattr(Loading, "documents", refuse)


def entries(cache: SnapshotCache) -> list[Path]:
    folder = Path(cache.folder.path)
    return sorted(folder.iterdir()) if folder.exists() else []


def sealed(payload: bytes) -> bytes:
    """An entry as it should be around a payload that should not."""
    return b"reachproof snapshot 1\n" + hashlib.sha256(payload).digest() + payload


def forged() -> bytes:
    """A sound entry, of another snapshot."""
    values = load(ROOT / "queries" / "examples" / "floor")
    return sealed(pickle.dumps({each.name: getattr(values, each.name) for each in fields(Snapshot)}))


def test_a_sound_entry_is_believed(kept: SnapshotCache) -> None:
    load(TENANTS, cache=kept)
    (entry,) = entries(kept)
    entry.write_bytes(forged())
    assert load(TENANTS, cache=kept) == load(ROOT / "queries" / "examples" / "floor")


def copied(folder: Path, target: Path) -> Path:
    target.mkdir()
    for path in folder.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def told(value: object) -> object:
    """All that a record has, origins and the order of labels among it; sets have no order."""
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value), *(told(getattr(value, each.name)) for each in fields(value))]
    if isinstance(value, frozenset):
        return sorted(map(repr, value))
    if isinstance(value, Mapping):
        return [(key, told(each)) for key, each in value.items()]
    return [told(each) for each in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_the_second_time_nothing_is_read_and_the_snapshot_is_the_same(
    folder: Path, kept: SnapshotCache, unread: Callable[[], None]
) -> None:
    fresh = load(folder)
    first = load(folder, cache=kept)
    unread()
    second = load(folder, cache=kept)
    assert told(fresh) == told(first) == told(second)
    assert fresh == second


def test_answers_do_not_tell_where_the_snapshot_came_from(kept: SnapshotCache, unread: Callable[[], None]) -> None:
    fresh = answers(load(TENANTS))
    load(TENANTS, cache=kept)
    unread()
    assert answers(load(TENANTS, cache=kept)) == fresh


TIMELESS = {"solverMs": 0, "totalMs": 0}


def answers(snapshot: Snapshot) -> list[str]:
    found = Session(snapshot).ask_all("\n".join(SENTENCES))
    documents = [plain(answer_document(each)) for each in found]
    return [json.dumps(each | {"evidence": each["evidence"] | TIMELESS}) for each in documents]


@pytest.mark.parametrize("name", sorted(path.name for path in TENANTS.iterdir()))
def test_one_changed_byte_in_any_file_is_read_anew(name: str, kept: SnapshotCache, tmp_path: Path) -> None:
    folder = copied(TENANTS, tmp_path / "manifests")
    load(folder, cache=kept)
    file = folder / name
    before = file.stat()
    file.write_bytes(file.read_bytes()[:-1] + b" ")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    load(folder, cache=kept)
    assert len(entries(kept)) == 2


def test_a_change_that_matters_is_seen(kept: SnapshotCache, tmp_path: Path) -> None:
    folder = copied(TENANTS, tmp_path / "manifests")
    before = load(folder, cache=kept)
    file = folder / "cluster.yaml"
    file.write_bytes(file.read_bytes().replace(b"acme-shop", b"acme-shoq", 1))
    after = load(folder, cache=kept)
    assert after == load(folder)
    assert after != before


@pytest.mark.heavy
@drawn(st.lists(st.tuples(st.text(max_size=3), st.binary(max_size=4)), min_size=1, max_size=3), st.data())
def test_no_change_of_a_byte_or_a_name_keeps_the_key(given: list[tuple[str, bytes]], data: st.DataObject) -> None:
    cache = SnapshotCache(folder=PrivateFolder(path="", most_bytes=0), least_bytes=0)
    other = data.draw(st.lists(st.tuples(st.text(max_size=3), st.binary(max_size=4)), min_size=1, max_size=3))
    place = data.draw(st.integers(0, len(given) - 1))
    name, content = given[place]
    longer = [*given[:place], (name, content + b"\n"), *given[place + 1 :]]
    moved = [*given[:place], (name, content[:1]), ("", content[1:]), *given[place + 1 :]]
    keys = {repr(files): cache.key(files, ()) for files in (given, other, longer, moved, [*reversed(given)])}
    assert len(set(keys.values())) == len(keys)


SETTINGS: list[dict[str, Any]] = [
    {"lenient": True},
    {"ignore_kinds": frozenset({"GlobalNetworkPolicy"})},
    {"limits": replace(DEFAULT_LIMITS, depth=99)},
    {"options": Options(tenant_label="team")},
    {"options": Options(cni=Cni.CALICO)},
    {"options": Options(host_network_pods=HostNetworkPods.PODS)},
    {"options": Options(enforcement=Enforcement.NETWORK_POLICY)},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_another_setting_is_another_entry(settings: dict[str, Any], kept: SnapshotCache) -> None:
    load(TENANTS, cache=kept)
    assert load(TENANTS, cache=kept, **settings) == load(TENANTS, **settings)
    assert len(entries(kept)) == 2


def test_other_code_is_another_entry_and_unknown_code_is_none(
    kept: SnapshotCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(TENANTS, cache=kept)
    monkeypatch.setattr(module, "_code", lambda: "of another version")
    load(TENANTS, cache=kept)
    assert len(entries(kept)) == 2
    monkeypatch.setattr(module, "_code", lambda: None)
    load(TENANTS, cache=kept)
    assert len(entries(kept)) == 2


def test_the_code_that_counts_is_all_that_reads() -> None:
    before = module._code()
    assert before is not None
    assert before == module._code()
    assert f"Python {sys.version}" in before


@pytest.mark.parametrize(
    "name", ["manifests/kinds/calico/selector.lark", "engines/cilium/tiers.py", "network/policy.py"]
)
def test_a_change_of_a_source_at_any_depth_counts(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = Path(module.__file__).parents[1]
    for folder in ("manifests", "engines", "network"):
        shutil.copytree(package / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(module, "__file__", str(tmp_path / "manifests" / "cache.py"))
    monkeypatch.setattr(engines, "__path__", [str(tmp_path / "engines")])
    monkeypatch.setattr(network, "__path__", [str(tmp_path / "network")])
    before = module._code()
    (tmp_path / name).write_text("changed", encoding="utf-8")
    assert module._code() != before


def test_small_input_is_not_kept(kept: SnapshotCache) -> None:
    size = sum(path.stat().st_size for path in TENANTS.iterdir())
    load(TENANTS, cache=replace(kept, least_bytes=size + 1))
    assert entries(kept) == []
    load(TENANTS, cache=replace(kept, least_bytes=size))
    assert len(entries(kept)) == 1


def test_input_with_problems_is_refused_each_time(kept: SnapshotCache, tmp_path: Path) -> None:
    folder = copied(TENANTS, tmp_path / "manifests")
    load(folder, cache=kept)
    said = []
    for _ in range(2):
        with pytest.raises(ManifestError) as caught:
            load(folder, tmp_path / "absent", cache=kept)
        said.append(str(caught.value))
    assert said == [f"{tmp_path / 'absent'}: no such file or folder"] * 2
    (folder / "more.yaml").write_text("apiVersion: v1\nspec: {}\n")
    for _ in range(2):
        with pytest.raises(ManifestError, match="not a Kubernetes object: no kind"):
            load(folder, cache=kept)
    assert len(entries(kept)) == 1


def test_standard_input_is_kept_by_what_it_says(
    kept: SnapshotCache, monkeypatch: pytest.MonkeyPatch, unread: Callable[[], None]
) -> None:
    content = (TENANTS / "cluster.yaml").read_bytes()

    def typed() -> Snapshot:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        return load("-", cache=kept)

    fresh = typed()
    unread()
    assert typed() == fresh


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"something else",
        b"reachproof snapshot 1\n",
        b"reachproof snapshot 1\n" + bytes(32) + pickle.dumps({}),
        sealed(b""),
        sealed(b"no pickle"),
        sealed(pickle.dumps({})[:-1]),
        sealed(pickle.dumps([])),
        sealed(pickle.dumps({"no": "field"})),
        sealed(pickle.dumps({each.name: () for each in fields(Snapshot)} | {"pods": Path("/")})),
        sealed(pickle.dumps({each.name: () for each in fields(Snapshot)} | {"more": ()})[:-2]),
    ],
    ids=repr,
)
def test_a_damaged_entry_is_ignored_and_made_anew(content: bytes, kept: SnapshotCache) -> None:
    fresh = load(TENANTS, cache=kept)
    (entry,) = entries(kept)
    whole = entry.read_bytes()
    entry.write_bytes(content)
    assert load(TENANTS, cache=kept) == fresh
    assert entry.read_bytes() == whole


@pytest.mark.parametrize("place", [0, 30, 60, -1])
def test_a_flipped_bit_is_noticed(place: int, kept: SnapshotCache, unread: Callable[[], None]) -> None:
    load(TENANTS, cache=kept)
    (entry,) = entries(kept)
    content = bytearray(entry.read_bytes())
    content[place] ^= 1
    entry.write_bytes(content)
    unread()
    with pytest.raises(AssertionError, match="a manifest is read"):
        load(TENANTS, cache=kept)


class Call:
    """Its pickle calls a function when it is read."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


@pytest.mark.parametrize("function", [os.mkdir, eval, getattr, replace, load], ids=lambda function: function.__name__)
def test_an_entry_cannot_call_anything(function: Callable[..., object], kept: SnapshotCache, tmp_path: Path) -> None:
    fresh = load(TENANTS, cache=kept)
    (entry,) = entries(kept)
    trap = tmp_path / "trap"
    values = {each.name: () for each in fields(Snapshot)}
    entry.write_bytes(sealed(pickle.dumps({**values, "pods": Call(function, str(trap))})))
    assert load(TENANTS, cache=kept) == fresh
    assert not trap.exists()


def test_the_folder_and_its_entries_are_for_their_owner_only(kept: SnapshotCache) -> None:
    load(TENANTS, cache=kept)
    (entry,) = entries(kept)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (entry.parent, entry)] == [0o700, 0o600]


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o750, 0o755])
def test_a_folder_that_others_can_get_at_is_not_used(mode: int, kept: SnapshotCache) -> None:
    folder = Path(kept.folder.path)
    fresh = load(TENANTS, cache=kept)
    (entry,) = entries(kept)
    entry.write_bytes(forged())
    folder.chmod(mode)
    assert load(TENANTS, cache=kept) == fresh
    assert entry.read_bytes() == forged()


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o640])
def test_an_entry_that_others_can_get_at_is_not_used(mode: int, kept: SnapshotCache) -> None:
    fresh = load(TENANTS, cache=kept)
    (entry,) = entries(kept)
    entry.write_bytes(forged())
    entry.chmod(mode)
    assert load(TENANTS, cache=kept) == fresh


def test_links_are_not_followed(kept: SnapshotCache, tmp_path: Path) -> None:
    fresh = load(TENANTS, cache=kept)
    (entry,) = entries(kept)
    other = tmp_path / "other"
    other.write_bytes(forged())
    other.chmod(0o600)
    entry.unlink()
    entry.symlink_to(other)
    assert load(TENANTS, cache=kept) == fresh
    assert not entry.is_symlink()
    linked = tmp_path / "linked"
    linked.symlink_to(entry.parent)
    key = entry.name.removesuffix(".snapshot")
    assert PrivateFolder(path=str(linked), most_bytes=10_000_000).read(key) is None
    assert kept.folder.read(key) is not None


def test_what_belongs_to_somebody_else_is_not_used(kept: SnapshotCache, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = load(TENANTS, cache=kept)
    (entry,) = entries(kept)
    entry.write_bytes(forged())
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
    assert load(TENANTS, cache=kept) == fresh
    assert entry.read_bytes() == forged()


def test_a_folder_that_cannot_be_made_is_no_error(kept: SnapshotCache, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    nowhere = replace(kept, folder=replace(kept.folder, path=str(tmp_path / "file" / "cache")))
    assert load(TENANTS, cache=nowhere) == load(TENANTS)


def key(number: int) -> str:
    return f"{number:064x}"


def folder_of(tmp_path: Path, most_bytes: int) -> PrivateFolder:
    return PrivateFolder(path=str(tmp_path / "cache"), most_bytes=most_bytes)


def test_the_oldest_entries_make_room_and_reading_makes_young(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 30)
    for number in range(3):
        folder.write(key(number), bytes(10))
        os.utime(tmp_path / "cache" / f"{key(number)}.snapshot", ns=(number, number))
    assert folder.read(key(0)) == bytes(10)
    folder.write(key(3), bytes(10))
    assert [folder.read(key(number)) is not None for number in range(4)] == [True, False, True, True]


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 10)
    folder.write(key(0), bytes(10))
    notes = tmp_path / "cache" / "notes.snapshot"
    notes.write_bytes(bytes(1000))
    os.utime(notes, ns=(0, 0))
    folder.write(key(1), bytes(10))
    assert sorted(os.listdir(tmp_path / "cache")) == sorted([f"{key(1)}.snapshot", "notes.snapshot"])


def test_an_entry_larger_than_all_room_is_not_written(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 10)
    folder.write(key(0), bytes(10))
    folder.write(key(1), bytes(11))
    assert os.listdir(tmp_path / "cache") == [f"{key(0)}.snapshot"]


def test_a_write_that_fails_leaves_the_old_entry_and_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path, 100)
    folder.write(key(0), b"old")

    def fail(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "rename", fail)
    folder.write(key(0), b"new")
    assert os.listdir(tmp_path / "cache") == [f"{key(0)}.snapshot"]
    assert folder.read(key(0)) == b"old"


def test_what_a_crash_left_behind_goes_with_the_oldest(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 30)
    folder.write(key(0), bytes(10))
    left = tmp_path / "cache" / f"{key(1)}.snapshot.{'0' * 16}"
    left.write_bytes(bytes(15))
    os.utime(left, ns=(0, 0))
    folder.write(key(2), bytes(10))
    assert sorted(os.listdir(tmp_path / "cache")) == [f"{key(0)}.snapshot", f"{key(2)}.snapshot"]

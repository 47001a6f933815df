"""Sentences about two snapshots rest on what either was assumed to be: the earlier one as much as the later one."""

from __future__ import annotations

from pathlib import Path

import pytest

import reachproof as rp
from reachproof.manifests.load import load_objects
from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.queries.model_options import model_options
from tests.agreement.engines import prover
from tests.cli.terminal import Terminal
from tests.products.fronts import command, flags, plain, post, text, write
from tests.products.worlds import Manifest, World, each_engine, objects, policies

SENTENCES = (
    "nothing is newly allowed since snapshot monday",
    "nothing changed since snapshot monday",
    "what changed since snapshot monday?",
)
BROKEN: Manifest = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "broken", "namespace": "infra"},
    "spec": {"podSelector": {}, "policyTypes": ["Sideways"]},
}
# What only one of two snapshots has, and the code that an answer about them has for it.
ADDED = {
    "a mesh": ("MESH_ASSUMED", []),
    "a policy that is not valid": ("POLICY_DROPPED", [BROKEN]),
}
ONES, OTHERS = (each_engine(first_in_mesh=first) for first in (True, False))


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(capsys, monkeypatch)


def sides(world: World, what: str) -> tuple[list[Manifest], list[Manifest]]:
    """The objects of a cluster without and with what is added."""
    bare = [each for each in objects(world) if not each["apiVersion"].startswith("security.istio.io")]
    if what == "a mesh":
        return bare, [*bare, *(each for each in policies(world.with_mesh()) if each not in bare)]
    return bare, [*bare, *ADDED[what][1]]


def asked(world: World, objects_: list[Manifest]) -> Session:
    snapshot = load_objects(objects_, options=model_options(world.options), lenient=True)
    return Session(snapshot, prover=prover())


def codes(answer: Answer) -> set[str]:
    return {each.code for each in (*answer.assumptions, *answer.warnings)}


@pytest.mark.parametrize("what", ADDED)
@pytest.mark.parametrize("world", ONES, ids=str)
def test_what_either_snapshot_assumes_the_answer_assumes(world: World, what: str) -> None:
    without, with_it = (asked(world, each) for each in sides(world, what))
    code = ADDED[what][0]
    for sentence in SENTENCES:
        earlier = without.since({"monday": with_it}).ask(sentence)
        later = with_it.since({"monday": without}).ask(sentence)
        neither = without.since({"monday": without}).ask(sentence)
        assert [code in codes(each) for each in (earlier, later, neither)] == [True, True, False], sentence
        assumed = {each.text for each in without.snapshot.assumptions}
        for answer in (earlier, later):
            assert assumed <= {each.text for each in answer.assumptions}, sentence


@pytest.mark.parametrize("world", OTHERS, ids=str)
def test_every_front_says_what_the_earlier_snapshot_assumes(world: World, tmp_path: Path, terminal: Terminal) -> None:
    new, old = sides(world, "a mesh")
    before, after = write(tmp_path, "o.yaml", old), write(tmp_path, "p.yaml", new)
    sentence = SENTENCES[1]
    face = rp.load(after, **world.options).ask(sentence, since={"monday": rp.load(before, **world.options)})
    assert "MESH_ASSUMED" in {each.code for each in face.assumptions}
    expected = plain(face.document)
    assert (
        plain(command(terminal, world, "query", sentence, "-f", str(after), "--snapshot", f"monday={before}"))
        == expected
    )
    body = {"query": sentence, "snapshots": {"monday": {"manifests": text(old)}}}
    assert plain(post(world, "/query", new, **body)) == expected
    ran = terminal.run("query", sentence, "-q", "-f", str(after), "--snapshot", f"monday={before}", *flags(world))
    assert "    MESH_ASSUMED: " in ran.out


@pytest.mark.parametrize("world", ONES, ids=str)
def test_a_difference_says_what_either_side_assumes(world: World, tmp_path: Path, terminal: Terminal) -> None:
    new, old = sides(world, "a mesh")
    before, after = write(tmp_path, "o.yaml", old), write(tmp_path, "p.yaml", new)
    for pair in ((before, after), (after, before)):
        found = command(terminal, world, "diff", *map(str, pair))
        assert "MESH_ASSUMED" in {each["code"] for each in found["assumptions"]}

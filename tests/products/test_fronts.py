"""Every command on every engine gives one document, whether the command line, the service or Python is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

import reachproof as rp
from reachproof.documents.connectivity import Connectivity
from reachproof.documents.connectivity_matrix import matrix_of
from reachproof.documents.json import decoded
from reachproof.face.connectivity import connectivity_of
from reachproof.face.snapshot import Snapshot
from tests.cli.terminal import Terminal
from tests.products.fronts import PACK, command, plain, post, remote, text, write
from tests.products.worlds import World, each_engine, objects

WHY = "why can't pod bank/api reach pod shop/db on tcp/5432?"
QUERIES = (
    "can any pod in tenant b reach pods in tenant a?",
    "no pod outside namespace infra can reach pod infra/dns on udp/53",
    "every pod in namespace shop can reach pod infra/dns on udp/53",
    "which pods can reach pod shop/web?",
    "which policies decide pod bank/api to pod shop/db on tcp/440?",
    "show reachability between namespaces",
    "without networkpolicy shop/db: network policies enforces default deny for ingress for namespace shop",
    "assuming whatever network policies tenant b writes: no pod in tenant b can reach pods in tenant a on tcp/80",
    "no possible pod in namespace bank can reach pod shop/db on tcp/441",
    "no verdict is ambiguous",
    WHY,
)
ONES, OTHERS = (each_engine(first_in_mesh=first) for first in (True, False))


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(capsys, monkeypatch)


def face(world: World, path: Path) -> Snapshot:
    return rp.load(path, **world.options)


@pytest.mark.parametrize("world", ONES, ids=str)
def test_one_answer_to_a_question(world: World, tmp_path: Path, terminal: Terminal) -> None:
    path = write(tmp_path, "p.yaml", objects(world))
    inside = face(world, path)
    over_http = plain(post(world, "/query", objects(world), queries=list(QUERIES)))
    with remote(inside) as far:
        for number, sentence in enumerate(QUERIES):
            own = inside.ask(sentence)
            assert plain(own.document) == over_http[number], sentence
            if number % 4 == 0:
                assert plain(command(terminal, world, "query", sentence, "-f", str(path))) == plain(own.document)
                other = far.ask(sentence)
                assert plain(other.document) == plain(own.document)
                assert list(other.lines()) == list(own.lines())


@pytest.mark.parametrize("world", OTHERS, ids=str)
def test_one_explanation(world: World, tmp_path: Path, terminal: Terminal) -> None:
    path = write(tmp_path, "p.yaml", objects(world))
    flow = ("bank/api", "pods in namespace shop", "tcp/440-450")
    sent = dict(zip(("source", "destination", "port"), flow, strict=True))
    inside = face(world, path)
    expected = plain(inside.explain(*flow).document)
    assert {each["access"] for each in expected["flows"]} <= {"allowed", "denied", "depends"}
    assert plain(post(world, "/explain", objects(world), **sent)) == expected
    assert plain(command(terminal, world, "explain", *flow, "-f", str(path))) == expected


@pytest.mark.parametrize("world", ONES, ids=str)
def test_one_report_of_connections(world: World, tmp_path: Path, terminal: Terminal) -> None:
    path = write(tmp_path, "p.yaml", objects(world))
    document = command(terminal, world, "connectivity", "-f", str(path), "--explain")
    assert plain(post(world, "/connectivity", objects(world), explain=True)) == plain(document)
    own = command(terminal, world, "connectivity", "-f", str(path), "--exposure", "--dst", "pod shop/db")
    sent = post(world, "/connectivity", objects(world), exposure=True, dst="pod shop/db")
    assert plain(sent) == plain(own) and any(each["ingress"] for each in own["exposure"])
    read, inside = (
        connectivity_of(matrix_of(decoded(own, Connectivity))),
        face(world, path).connectivity(dst="pod shop/db", exposure=True),
    )
    assert (read.rows, read.ends, read.exposures) == (inside.rows, inside.ends, inside.exposures)
    assert [each.text for each in read.assumptions] == [each.text for each in inside.assumptions]
    assert list(read.lines()) == list(inside.lines())


@pytest.mark.parametrize("world", OTHERS, ids=str)
def test_one_report_of_a_pack(world: World, tmp_path: Path, terminal: Terminal) -> None:
    path = write(tmp_path, "p.yaml", objects(world))
    pack = tmp_path / "p.reach"
    pack.write_text(PACK, encoding="utf-8")
    expected = plain(face(world, path).check(PACK).document)
    assert [each["name"] for each in expected["answers"]] == ["apart", "floor", "names"]
    assert plain(post(world, "/check", objects(world), pack=PACK)) == expected
    assert plain(command(terminal, world, "check", str(pack), "-f", str(path))) == expected


@pytest.mark.parametrize("world", ONES, ids=str)
def test_one_list_of_findings(world: World, tmp_path: Path, terminal: Terminal) -> None:
    path = write(tmp_path, "p.yaml", objects(world))
    expected = plain(face(world, path).lint().document)
    assert plain(post(world, "/lint", objects(world))) == expected
    assert plain(command(terminal, world, "lint", "-f", str(path))) == expected


@pytest.mark.parametrize("world", OTHERS, ids=str)
def test_one_difference(world: World, tmp_path: Path, terminal: Terminal) -> None:
    new = objects(world)
    old = [each for each in new if each["metadata"]["name"] != "dns" or each["kind"] != "NetworkPolicy"]
    before, after = write(tmp_path, "o.yaml", old), write(tmp_path, "p.yaml", new)
    document = command(terminal, world, "diff", str(before), str(after))
    assert document["rows"], "the policy that is gone isolates infra/dns"
    expected = plain(rp.diff(face(world, before), face(world, after)).document)
    assert plain(document) == expected
    sent = post(world, "/diff", old={"manifests": text(old)}, new={"manifests": text(new)})
    assert plain(sent) == expected

"""`import reachproof`: a few names, quick to import, that load and ask."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import reachproof as rp
from tests.house.places import ROOT

EXAMPLES = ROOT / "queries" / "examples"
REACH = "can any pod in tenant A reach 10.0.0.0/8 on tcp/5432?"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"containers": [{"name": "web", "image": "web"}]},
    "status": {"phase": "Running", "podIP": "10.244.0.5"},
}
INGRESS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "closed", "namespace": "shop"},
    "spec": {"podSelector": {}},
}


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    return subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout


def test_a_snapshot_explains() -> None:
    answer = rp.load(EXAMPLES / "tenants").explain("acme-shop/front-7d9c5", "service acme-shop/db", "5432")
    assert (answer.verdict, [each.access for each in answer.flows]) == (rp.Verdict.EXPLAINED, ["denied"])


# ---------------------------------------------------------------- the names


def test_there_are_at_most_ten_names_in_order() -> None:
    assert len(rp.__all__) <= 10
    assert rp.__all__ == sorted(rp.__all__)


@pytest.mark.parametrize("name", rp.__all__)
def test_every_public_name_can_be_imported_and_is_documented(name: str) -> None:
    found = getattr(rp, name)
    assert isinstance(found, str) or found.__doc__


def test_a_star_import_brings_the_public_names() -> None:
    assert python("from reachproof import *; print(load.__name__, Snapshot.__name__)") == "load Snapshot\n"


def test_the_face_gives_out_what_the_package_promises() -> None:
    from reachproof import face

    assert face.__all__ == rp.__all__


def test_another_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError) as caught:
        _ = rp.Sanpshot
    assert str(caught.value) == "module 'reachproof' has no attribute 'Sanpshot'"


@pytest.mark.parametrize("code", ["import reachproof", "import reachproof; reachproof.__version__"])
def test_the_import_loads_no_solver_and_no_framework(code: str) -> None:
    heavy = "{'z3', 'numpy', 'lark', 'msgspec', 'yaml', 'pydantic', 'fastapi', 'click'}"
    assert python(f"import sys; {code}; print(sorted({heavy} & set(sys.modules)))") == "[]\n"


# ---------------------------------------------------------------- load


def test_a_folder_is_loaded_by_text_or_path() -> None:
    by_text, by_path = rp.load(str(EXAMPLES / "tenants")), rp.load(EXAMPLES / "tenants")
    assert by_text.digest == by_path.digest
    assert repr(by_path) == f"<Snapshot {by_path.digest[:19]}: pods 6, policies 5>"


def test_several_paths_are_one_snapshot() -> None:
    files = sorted((EXAMPLES / "tenants").iterdir())
    assert rp.load(*files).digest == rp.load(*reversed(files)).digest == rp.load(EXAMPLES / "tenants").digest


@pytest.mark.parametrize(
    "objects",
    [
        [POD, INGRESS],
        (POD, INGRESS),
        iter([POD, INGRESS]),
        {"apiVersion": "v1", "kind": "List", "items": [POD, INGRESS]},
    ],
    ids=["list", "tuple", "iterator", "List"],
)
def test_objects_are_loaded_from_a_collection_or_a_list_object(objects: Any) -> None:
    assert rp.load(objects).digest == rp.load([INGRESS, POD]).digest


def test_no_objects_are_an_empty_cluster() -> None:
    assert rp.load([]).ask("can any pod reach any pod?").vacuous


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        ((), "nothing"),
        ((None,), "NoneType"),
        ((b"kind: Pod",), "bytes"),
        ((5,), "int"),
        (([POD], [POD]), "list, list"),
        (("manifests", [POD]), "str, list"),
    ],
)
def test_sources_of_another_kind_are_a_type_error(sources: tuple[Any, ...], found: str) -> None:
    with pytest.raises(TypeError) as caught:
        rp.load(*sources)
    assert str(caught.value) == f"expected paths or one list of objects, got {found}"


def test_every_problem_of_the_input_is_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("kind: Pod\n---\napiVersion: v1\n", encoding="utf-8")
    with pytest.raises(rp.InputError) as caught:
        rp.load(tmp_path / "bad.yaml", tmp_path / "nowhere")
    assert len(caught.value.problems) == 3
    assert isinstance(caught.value, rp.ReachproofError)


# ---------------------------------------------------------------- ask


def test_an_answer_has_a_verdict_and_what_shows_it() -> None:
    proved, refuted = (rp.load(EXAMPLES / name).ask(REACH) for name in ("tenants", "tenants-broken"))
    assert proved.verdict == "unreachable"
    assert [str(each.policy) for each in proved.because] == ["AdminNetworkPolicy no-direct-database"]
    assert (proved.witness, proved.trace) == (None, None)
    assert refuted.verdict is rp.Verdict.REACHABLE
    assert refuted.witness is not None
    assert refuted.trace == refuted.witness.trace
    assert len(refuted.trace or ()) == 2


def test_an_answer_is_neither_true_nor_false() -> None:
    answer = rp.load([POD]).ask("can any pod reach the internet?")
    with pytest.raises(TypeError) as caught:
        bool(answer)
    assert str(caught.value) == "an answer is neither true nor false; look at its verdict"


def test_a_snapshot_can_be_asked_again_and_says_the_same() -> None:
    snapshot = rp.load(EXAMPLES / "tenants")
    first, second = snapshot.ask(REACH), snapshot.ask(REACH)
    assert (first.verdict, first.because) == (second.verdict, second.because)


def test_options_have_the_names_of_the_command_line_and_the_service() -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"team": "a"}}}
    answer = rp.load([POD, namespace], tenantLabel="team").ask("can tenant a reach the internet?")
    assert answer.verdict == "reachable"


def test_kinds_are_ignored_as_on_the_command_line() -> None:
    antrea = {
        "apiVersion": "crd.antrea.io/v1beta1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "a", "namespace": "d"},
    }
    question = "can any pod reach 203.0.113.9 on tcp/443?"
    pod = {"name": "p", "namespace": "d"}
    objects = [{**POD, "metadata": pod}, antrea]
    codes = {each["code"] for each in rp.load(objects).ask(question).document["assumptions"]}
    assert "OBJECT_NOT_READ" in codes
    answer = rp.load(objects, ignore_kinds=["NetworkPolicy.crd.antrea.io"]).ask(question)
    assert answer.verdict == "reachable"
    assert [each["code"] for each in answer.document["assumptions"] if each["code"] == "KIND_IGNORED"] == [
        "KIND_IGNORED"
    ]
    with pytest.raises(TypeError, match=r"^ignore_kinds must be a list of kinds \(got 'NetworkPolicy'\)$"):
        rp.load(objects, ignore_kinds="NetworkPolicy")
    with pytest.raises(TypeError, match=r"^ignore_kinds must be a list of kinds \(got \[1\]\)$"):
        rp.load(objects, ignore_kinds=[1])


def test_a_statement_that_cannot_be_asked_is_an_input_error_with_a_marker() -> None:
    with pytest.raises(rp.InputError) as caught:
        rp.load([POD]).ask("can pod shop/wob reach the internet?")
    assert str(caught.value) == (
        "query:1: no pod shop/wob in the snapshot; did you mean `shop/web`?\n"
        "    can pod shop/wob reach the internet?\n"
        "            ^^^^^^^^"
    )


@pytest.mark.parametrize("timeout", [0, -1.0, float("inf"), float("nan"), 86_401])
def test_a_timeout_that_is_no_time_is_a_value_error(timeout: float) -> None:
    with pytest.raises(ValueError) as caught:
        rp.load([POD]).ask("can any pod reach any pod?", timeout=timeout)
    assert str(caught.value) == f"timeout must be above 0 and at most 86400 seconds (got {timeout})"


def test_a_report_of_connectivity_is_an_iterable_of_rows() -> None:
    report = rp.load(str(EXAMPLES / "tenants")).connectivity(by="namespace", dst="pods", ports="tcp")
    assert [(str(row.src), str(row.dst)) for row in report][:2] == [
        ("namespace acme-jobs", "namespace kube-system"),
        ("namespace acme-shop", "namespace acme-shop"),
    ]
    with pytest.raises(ValueError, match="'pots' is not a valid By"):
        rp.load(str(EXAMPLES / "tenants")).connectivity(by="pots")


# ---------------------------------------------------------------- two snapshots


def test_a_snapshot_is_compared_with_others_by_name() -> None:
    before, after = rp.load([POD]), rp.load([POD, INGRESS])
    answer = after.ask("nothing changed since snapshot main", since={"main": before})
    assert answer.verdict is rp.Verdict.VIOLATED
    assert answer.witness is not None and answer.witness.before is not None
    assert answer.witness.before.name == "main"
    assert after.ask("nothing is newly allowed since snapshot main", since={"main": before}).verdict == "holds"
    with pytest.raises(rp.InputError, match="no snapshot named main is given"):
        after.ask("nothing changed since snapshot main")


def test_the_difference_of_two_snapshots_has_rows_and_a_relation() -> None:
    before, after = rp.load([POD]), rp.load([POD, INGRESS])
    found = rp.diff(before, after)
    assert (found.relation, [str(row.dst) for row in found.rows], found.differs) == ("stricter", ["shop/web"], True)
    assert rp.diff(after, after, by="pod").relation == "equivalent"


def test_a_difference_by_something_else_is_refused() -> None:
    snapshot = rp.load([POD])
    with pytest.raises(ValueError, match="'cluster' is not a valid By"):
        rp.diff(snapshot, snapshot, by="cluster")
    with pytest.raises(ValueError, match=r"timeout must be above 0 and at most 86400 seconds \(got 0\)"):
        rp.diff(snapshot, snapshot, timeout=0)

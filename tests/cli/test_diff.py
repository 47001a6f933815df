"""`reachproof diff`: what the cases cannot show in a file."""

from __future__ import annotations

import csv
import io
import json
import shutil
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from reachproof.cli import options
from reachproof.manifests import Revision, load_revision
from reachproof.render import diff_text
from reachproof.solver import budget
from tests.cli.contract import check_answer, check_diff
from tests.cli.repository import BEFORE, CLOSED, commit, git, repository
from tests.cli.terminal import Terminal

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")
CALICO = ("--cni", "calico")
EVIL = """\
apiVersion: v1
kind: Pod
metadata: {name: evil, namespace: shop}
spec: {containers: [{name: c, image: i}]}
status: {podIP: 10.3.0.9, phase: Running}
"""
SOURCE_PORTS = """\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: p, namespace: shop}
spec:
  types: [Egress]
  egress:
  - {action: Allow, protocol: TCP, source: {ports: ["PORTS"]}, destination: {selector: all()}}
"""
NEW = "nothing is newly allowed since snapshot main"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: Terminal) -> Path:
    """A repository, which is the current folder."""
    del terminal
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(repository(folder))
    return folder


def relation(terminal: Terminal, *arguments: str) -> tuple[int, str]:
    ran = terminal.run("diff", "-q", "-o", "json", *arguments)
    assert ran.err == ""
    document = json.loads(ran.out)
    check_diff(document)
    return ran.code, document["relation"]


# ---------------------------------------------------------------- outputs


@pytest.mark.parametrize("by", ["pod", "workload", "namespace", "tenant"])
def test_the_json_has_the_promised_shape(terminal: Terminal, by: str) -> None:
    ran = terminal.run("diff", "-q", "-o", "json", "--by", by, "tenants", "tenants-broken")
    document = json.loads(ran.out)
    check_diff(document)
    assert (ran.code, document["relation"], document["by"]) == (1, "looser", by)
    row = next(row for row in document["rows"] if row["dst"]["kind"] == "external")
    assert (row["change"], row["before"], row["after"]) == ("added", {"TCP": [], "UDP": [], "SCTP": []}, "all")
    causes = [(each["when"], each["edit"], each["action"]) for each in row["because"]]
    assert causes == [("before", "changed", "deny")] * 2


def test_an_answer_about_two_snapshots_has_the_promised_shape(terminal: Terminal) -> None:
    for text in (NEW, "nothing changed since snapshot main", "what changed since snapshot main?"):
        ran = terminal.run("query", "-q", "-o", "json", "-f", "tenants-broken", "--snapshot", "main=tenants", text)
        document = json.loads(ran.out)
        check_answer(document)
        assert document["form"] == "changed"
        assert document["evidence"]["since"] != document["evidence"]["snapshot"]
        if document["witness"]:
            assert document["witness"]["before"]["since"] == "main"


def test_a_pack_may_compare_with_another_snapshot(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "since.reach").write_text(f'invariant no-more (high) "nothing new":\n  {NEW}\n', encoding="utf-8")
    codes = [
        terminal.run("check", "-q", "-f", folder, "--snapshot", f"main={other}", "since.reach").code
        for folder, other in (("tenants", "tenants-broken"), ("tenants-broken", "tenants"))
    ]
    assert codes == [0, 1]
    ran = terminal.run("check", "-q", "-f", "tenants", "since.reach")
    assert (ran.code, ran.err.splitlines()[0].partition(";")[0]) == (
        2,
        "error: since.reach:2: no snapshot named main is given",
    )


def test_connections_of_new_and_lost_workloads_are_rows(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(BEFORE, encoding="utf-8")
    (tmp_path / "two.yaml").write_text(BEFORE.replace("name: db", "name: store"), encoding="utf-8")
    ran = terminal.run("diff", "-q", "one.yaml", "two.yaml")
    assert ran.code == 1
    lines = ran.out.splitlines()
    assert lines[:2] == [
        "INCOMPARABLE  one.yaml -> two.yaml",
        "  connections: 4 added, 4 removed, 0 changed; workloads: 1 new, 1 lost; "
        "policies: 0 added, 0 removed, 0 changed",
    ]
    lost = lines.index("removed  shop/web => shop/db : all ports -> no ports")
    new = lines.index("added    shop/web => shop/store : no ports -> all ports")
    assert [lines[lost + 1], lines[new + 1]] == ["           lost: pod shop/db", "           new: pod shop/store"]
    assert {"new      shop/store", "lost     shop/db"} <= set(lines)
    listed = terminal.run("diff", "-q", "one.yaml", "two.yaml", "-o", "csv").out
    assert listed.splitlines()[9:] == ["new,shop/store,,,,,", "lost,shop/db,,,,,"]
    comment = terminal.run("diff", "-q", "one.yaml", "two.yaml", "-o", "md").out
    assert "- new: shop/store\n- lost: shop/db\n" in comment


def test_a_pull_request_that_adds_an_open_pod_is_looser_in_the_heading(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(BEFORE, encoding="utf-8")
    (tmp_path / "two.yaml").write_text(f"{BEFORE}---\n{EVIL}", encoding="utf-8")
    comment = terminal.run("diff", "-q", "one.yaml", "two.yaml", "-o", "md")
    assert (comment.code, comment.out.splitlines()[0]) == (1, "### Network policy: looser")
    assert "| added | shop/evil | shop/db | no ports | all ports | new: pod shop/evil |" in comment.out
    back = terminal.run("diff", "-q", "two.yaml", "one.yaml", "-o", "md")
    assert (back.code, back.out.splitlines()[0]) == (1, "### Network policy: stricter")


def _source_ports(tmp_path: Path, name: str, ports: str, more: str = "") -> None:
    text = f"{BEFORE}---\n{EVIL}---\n{SOURCE_PORTS.replace('PORTS', ports)}{more}"
    (tmp_path / name).write_text(text, encoding="utf-8")


def test_source_ports_alone_are_undetermined(terminal: Terminal, tmp_path: Path) -> None:
    _source_ports(tmp_path, "one.yaml", "7000:7100")
    _source_ports(tmp_path, "two.yaml", "61000:61100")
    ran = terminal.run("diff", "-q", *CALICO, "one.yaml", "two.yaml")
    assert ran.code == 3
    assert ran.out.splitlines()[:3] == [
        "UNDETERMINED  one.yaml -> two.yaml",
        "  connections: 0 added, 0 removed, 0 changed; workloads: 0 new, 0 lost; "
        "policies: 0 added, 0 removed, 1 changed; undetermined: 1",
        "undetermined CalicoNetworkPolicy shop/p: differs only in source ports  [two.yaml:23]",
    ]
    comment = terminal.run("diff", "-q", *CALICO, "one.yaml", "two.yaml", "-o", "md")
    assert (comment.code, comment.out.splitlines()[0]) == (3, "### Network policy: undetermined")
    assert "- CalicoNetworkPolicy shop/p: differs only in source ports" in comment.out
    table = terminal.run("diff", "-q", *CALICO, "one.yaml", "two.yaml", "-o", "csv").out
    assert table.splitlines()[1:] == ["undetermined,CalicoNetworkPolicy shop/p,,,,differs only in source ports,"]
    assert relation(terminal, *CALICO, "one.yaml", "two.yaml") == (3, "undetermined")
    assert relation(terminal, *CALICO, "one.yaml", "one.yaml") == (0, "equivalent")


def test_rows_and_what_is_undetermined_are_both_listed(terminal: Terminal, tmp_path: Path) -> None:
    _source_ports(tmp_path, "one.yaml", "7000:7100")
    _source_ports(tmp_path, "two.yaml", "61000:61100", f"---\n{CLOSED}")
    ran = terminal.run("diff", "-q", *CALICO, "one.yaml", "two.yaml")
    lines = ran.out.splitlines()
    assert (ran.code, lines[0]) == (1, "UNDETERMINED  one.yaml -> two.yaml")
    assert any(line.startswith("removed  0.0.0.0/0 => shop/db") for line in lines)
    assert any(line.startswith("undetermined CalicoNetworkPolicy shop/p: ") for line in lines)


def test_a_claim_that_source_ports_could_break_is_unknown(terminal: Terminal, tmp_path: Path) -> None:
    _source_ports(tmp_path, "one.yaml", "7000:7100")
    _source_ports(tmp_path, "two.yaml", "61000:61100")
    for text in (NEW, "nothing changed since snapshot main"):
        ran = terminal.run("query", "-q", *CALICO, "-f", "two.yaml", "--snapshot", "main=one.yaml", text)
        assert (ran.code, ran.out.splitlines()[:2]) == (
            3,
            [
                f"UNKNOWN  {text}",
                "  reason: undetermined: CalicoNetworkPolicy shop/p differs only in source ports",
            ],
        )
    (tmp_path / "p.reach").write_text(f'invariant no-more (high) "n":\n  {NEW}\n', encoding="utf-8")
    assert terminal.run("check", "-q", *CALICO, "-f", "two.yaml", "--snapshot", "main=one.yaml", "p.reach").code == 3
    listed = terminal.run(
        "query", "-q", *CALICO, "-f", "two.yaml", "--snapshot", "main=one.yaml", "what changed since snapshot main?"
    )
    assert "undetermined  CalicoNetworkPolicy shop/p" in listed.out


def test_nothing_to_compare_is_undecided(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text(BEFORE.partition("---")[0], encoding="utf-8")
    ran = terminal.run("diff", "-q", "empty.yaml", "empty.yaml")
    assert (ran.code, ran.out.splitlines()[0]) == (3, "EQUIVALENT  empty.yaml -> empty.yaml")


def test_without_time_it_is_undecided(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    original = budget.Budget

    def hurried(**limits: Any) -> budget.Budget:
        minutes = count(0, 60)
        return original(**{"clock": lambda: float(next(minutes)), **limits})

    monkeypatch.setattr(options, "Budget", hurried)
    ran = terminal.run("diff", "-q", "tenants", "tenants-broken")
    assert (ran.code, ran.out.splitlines()[:2]) == (
        3,
        ["UNKNOWN  tenants -> tenants-broken", "  reason: time limit of 30 s reached"],
    )


def test_warnings_are_told_on_standard_error_unless_they_are_not_wanted(terminal: Terminal) -> None:
    told = terminal.run("diff", "tenants", "tenants")
    assert told.err.startswith("warning: SERVICE_CIDR_MATCH: ")
    assert terminal.run("diff", "-q", "tenants", "tenants").err == ""


def test_a_comment_shows_the_first_rows_and_how_many_more_there_are(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diff_text, "MOST_ROWS", 1)
    comment = terminal.run("diff", "-q", "tenants", "tenants-broken", "-o", "md").out
    assert comment.count("| added |") == 1
    assert "\n\nand 2 more; `reachproof diff -o csv` lists all of them\n" in comment


def test_names_of_files_are_no_markup_in_a_comment(terminal: Terminal, tmp_path: Path) -> None:
    for name in ("a|b.yaml", "<c>.yaml"):
        (tmp_path / name).write_text(BEFORE, encoding="utf-8")
    comment = terminal.run("diff", "-q", "a|b.yaml", "<c>.yaml", "-o", "md").out
    assert "a\\|b.yaml → &lt;c&gt;.yaml" in comment


def test_a_table_is_csv(terminal: Terminal) -> None:
    table = list(csv.reader(io.StringIO(terminal.run("diff", "-q", "tenants", "tenants-broken", "-o", "csv").out)))
    assert {len(line) for line in table} == {7}
    assert [line[:3] for line in table[1:]] == [
        ["added", "acme-jobs/report-28113", "0.0.0.0/0"],
        ["added", "acme-shop/orders-5b6f8", "acme-shop/db-0"],
        ["added", "globex-web/site-6f7c9", "0.0.0.0/0"],
    ]


def test_one_side_may_be_standard_input(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(BEFORE, encoding="utf-8")
    ran = terminal.run("diff", "-q", "one.yaml", "-", stdin=f"{BEFORE}---\n{CLOSED}".encode())
    assert (ran.code, ran.out.splitlines()[0]) == (1, "STRICTER  one.yaml -> -")


# ---------------------------------------------------------------- revisions


@needs_git
def test_two_revisions_are_compared(terminal: Terminal, here: Path) -> None:
    assert relation(terminal, "main..closed", "--", "k8s") == (1, "stricter")
    assert relation(terminal, "closed..main", "k8s/cluster.yaml", "k8s") == (1, "looser")
    assert relation(terminal, "..main") == (0, "equivalent")
    assert relation(terminal, "closed..") == (1, "looser")
    assert (here / "k8s").is_dir() and not (here / "k8s" / "policies").exists()
    assert git(here, "status", "--porcelain") == ""


@needs_git
def test_a_revision_is_compared_with_a_folder(terminal: Terminal, here: Path) -> None:
    assert relation(terminal, "closed:k8s", "k8s") == (1, "looser")
    assert relation(terminal, "main:k8s", "k8s") == (0, "equivalent")
    (here / "k8s" / "more.yaml").write_text(CLOSED, encoding="utf-8")
    assert relation(terminal, "main:k8s", "k8s") == (1, "stricter")
    assert relation(terminal, "closed:k8s", "k8s") == (0, "equivalent")


@needs_git
def test_three_dots_compare_with_where_the_revisions_parted(terminal: Terminal, here: Path) -> None:
    commit(here, {"k8s/other.yaml": CLOSED.replace("closed", "other")}, "another policy")
    assert relation(terminal, "main..closed") == (0, "equivalent")
    assert relation(terminal, "main...closed") == (1, "stricter")


@needs_git
def test_paths_are_relative_to_the_current_folder(
    terminal: Terminal, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(here / "k8s")
    assert relation(terminal, "main..closed") == (1, "stricter")
    assert relation(terminal, "main:k8s", "closed:./") == (1, "stricter")
    assert relation(terminal, "main:./cluster.yaml", "../k8s") == (0, "equivalent")
    assert relation(terminal, "main..closed", "../k8s") == (1, "stricter")


@needs_git
def test_places_in_a_revision_name_the_revision(terminal: Terminal, here: Path) -> None:
    ran = terminal.run("diff", "-q", "main..closed")
    assert (
        "denies ingress of the pods it selects unless a rule allows it (added)  [closed:k8s/policies/closed.yaml:1]"
        in ran.out
    )


@needs_git
def test_a_question_may_compare_with_a_revision(terminal: Terminal, here: Path) -> None:
    ran = terminal.run("query", "-q", "-f", "k8s", "--snapshot", "closed=closed:k8s", NEW.replace("main", "closed"))
    assert (ran.code, ran.out.splitlines()[0]) == (1, "VIOLATED  nothing is newly allowed since snapshot closed")


@needs_git
def test_bad_manifests_of_a_revision_are_told_with_their_place(terminal: Terminal, here: Path) -> None:
    commit(here, {"k8s/bad.yaml": CLOSED.replace("podSelector", "podSelektor")}, "a slip")
    commit(here, {"k8s/bad.yaml": CLOSED.replace("podSelector", "podSelectr")}, "another slip")
    ran = terminal.run("diff", "main~1..main")
    assert (ran.code, ran.out) == (2, "")
    first, second = (line for line in ran.err.splitlines() if "Sele" in line)
    assert first.startswith("error: main~1:k8s/bad.yaml:4 NetworkPolicy shop/closed spec.podSelektor: ")
    assert second.startswith("error: main:k8s/bad.yaml:4 NetworkPolicy shop/closed spec.podSelectr: ")


@needs_git
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("main..nowhere",), "nowhere: no such revision; name a branch, a tag or a commit"),
        (("nowhere:k8s", "k8s"), "nowhere: no such revision; name a branch, a tag or a commit"),
        (("main...nowhere",), "nowhere: no such revision; name a branch, a tag or a commit"),
        (
            ("main:docs", "k8s"),
            "main:docs: no .yaml, .yml or .json files in this revision",
        ),
        (("--", "-x..main"), "-x: no such revision; name a branch, a tag or a commit"),
    ],
)
def test_a_revision_or_path_that_does_not_exist_is_told(
    terminal: Terminal, here: Path, arguments: tuple[str, ...], error: str
) -> None:
    ran = terminal.run("diff", *arguments)
    assert (ran.code, ran.out, ran.err) == (2, "", f"error: {error}\n")


@needs_git
def test_outside_of_a_repository_there_are_no_revisions(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    ran = terminal.run("diff", "main..closed")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: main: git cannot read it: not a git repository")


@needs_git
def test_charts_and_kustomizations_at_the_top_of_a_revision_are_known(here: Path) -> None:
    files = {
        "open.yaml": CLOSED + "  ingress: [{}]\n",
        "kustomization.yaml": "resources: [k8s]\npatches: [{path: open.yaml}]\n",
        "Chart.yaml": "name: top\n",
        "templates/np.yaml": CLOSED.replace("closed", '"{{ .Release.Name }}"'),
    }
    commit(here, files, "chart")
    found = load_revision(Revision(name="main", paths=(".",), from_root=True))
    assert [f"{each.code} {each.text}" for each in found.assumptions] == [
        "KUSTOMIZATION_NOT_BUILT main:kustomization.yaml changes the objects that it lists (patches); objects are read "
        "as they stand; to read what is applied: kustomize build main:. | reachproof ... -f -",
        "POLICIES_SKIPPED main:open.yaml is a patch that is not applied, and may hold policies; it is skipped",
        "POLICIES_SKIPPED main:templates/np.yaml is a template that is not rendered, and may hold policies; it is "
        "skipped; to read it: helm template main:. | reachproof ... -f -",
    ]


def test_without_git_it_says_so(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    ran = terminal.run("diff", "main..closed")
    assert (ran.code, ran.out, ran.err) == (
        2,
        "",
        "error: git: `git` not found on PATH; it is needed to read a git revision\n",
    )


@needs_git
def test_revisions_without_a_common_commit_have_not_parted(terminal: Terminal, here: Path) -> None:
    git(here, "checkout", "-q", "--orphan", "alone")
    commit(here, {}, "alone")
    ran = terminal.run("diff", "main...alone")
    assert (ran.code, ran.err) == (
        2,
        "error: git: main and alone have no common commit\n",
    )


@needs_git
def test_links_are_followed_to_files_and_nothing_else(terminal: Terminal, here: Path) -> None:
    (here / "links").mkdir()
    (here / "links" / "cluster.yaml").symlink_to("../k8s/cluster.yaml")
    git(here, "add", "-A")
    git(here, "commit", "-q", "--no-gpg-sign", "-m", "link")
    assert relation(terminal, "main:links", "k8s") == (0, "equivalent")
    (here / "links" / "folder.yaml").symlink_to("../k8s")
    (here / "links" / "out.yaml").symlink_to("/etc/hostname")
    git(here, "add", "-A")
    git(here, "commit", "-q", "--no-gpg-sign", "-m", "links that lead to no file")
    ran = terminal.run("diff", "main:links", "k8s")
    wrong = "broken link: its target is not a file of this revision"
    assert (ran.code, ran.err) == (2, f"error: main:links/folder.yaml: {wrong}\nerror: main:links/out.yaml: {wrong}\n")


@needs_git
def test_hidden_files_are_passed_over_and_named_files_are_read_whatever_their_suffix(
    terminal: Terminal, here: Path
) -> None:
    files = {"k8s/.hidden.yaml": CLOSED, "k8s/.old/closed.yaml": CLOSED, "k8s/closed.txt": CLOSED, ".ci/p.yaml": CLOSED}
    commit(here, files, "files that are no manifests")
    assert relation(terminal, "main~1..main", "k8s") == (0, "equivalent")
    assert relation(terminal, "main:k8s/cluster.yaml", "main:k8s") == (0, "equivalent")
    ran = terminal.run("diff", "-q", "-o", "json", "main~1..main", "--", "k8s/cluster.yaml", "k8s/closed.txt")
    assert ran.err.startswith("error: main~1:k8s/closed.txt: no .yaml")


@needs_git
def test_a_submodule_is_refused(terminal: Terminal, here: Path) -> None:
    head = git(here, "rev-parse", "HEAD").strip()
    git(here, "update-index", "--add", "--cacheinfo", f"160000,{head},k8s/other")
    git(here, "commit", "-q", "--no-gpg-sign", "-m", "submodule")
    ran = terminal.run("diff", "main~1..main")
    assert (ran.code, ran.err) == (
        2,
        "error: main:k8s/other: submodules are not read; name the files to read\n",
    )

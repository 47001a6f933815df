"""Results show themselves as text, as HTML and as frames; pictures and pages; what is missing says so."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.lib.pretty import pretty

import reachproof as rp
from reachproof.face import local
from reachproof.face.extras import needed
from reachproof.face.shown import MOST_LINES
from reachproof.render.html_fragments import shortened
from tests.face.samples import EXAMPLES, REFUTED, documents, view
from tests.house.places import ROOT


def sample(kind: str) -> Any:
    return view(kind, documents()[kind])


# ---------------------------------------------------------------- text


def test_a_refuted_claim_is_written_as_on_the_command_line() -> None:
    assert str(sample("refuted")) == (
        "VIOLATED  no pod in tenant A can reach 10.0.0.0/8 on tcp/5432\n"
        "  pod acme-jobs/report-28113 (10.244.2.11) -> 10.0.0.1 on tcp/5432\n"
        "    egress  allow no policy decides egress from pod acme-jobs/report-28113 to 10.0.0.1 on tcp/5432; "
        "it is allowed by default\n"
        "    ingress allow 10.0.0.1 is outside the cluster; no ingress policy applies"
    )


def test_a_list_is_a_table_and_a_list_of_nothing_says_so() -> None:
    rows = [" ".join(line.split()) for line in sample("list").lines()]
    assert rows == [
        "LISTED which pods can reach service kube-system/kube-dns on udp/53",
        "PODS PORTS DEPENDS",
        "acme-jobs/report-28113, acme-shop/front-7d9c5, globex-web/site-6f7c9 udp/53",
    ]
    nothing = view("list", documents()["list"] | {"rows": []})
    assert list(nothing.lines())[1:] == ["  no results"]


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("refuted", "<Answer violated: no pod in tenant A can reach 10.0.0.0/8 on tcp/5432>"),
        ("report", "<Report violated: 4 passed, 4 failed, 1 skipped>"),
        ("connectivity", "<Connectivity by workload: ends 7, rows 10>"),
        ("diff", "<Diff looser: rows 3, new 0, lost 0>"),
        ("findings", "<Findings: 0 errors, 5 warnings, 4 info>"),
    ],
)
def test_a_result_has_a_short_name_and_its_whole_text_in_ipython(kind: str, shown: str) -> None:
    result = sample(kind)
    assert repr(result) == shown
    assert str(result).count("\n") < MOST_LINES
    assert pretty(result) == str(result)  # type: ignore[no-untyped-call]


def test_an_answer_that_was_not_found_tells_the_reason() -> None:
    unknown = view("proved", documents()["proved"] | {"verdict": "unknown", "reason": "time is over", "because": []})
    assert list(unknown.lines())[1] == "  reason: time is over"
    assert "time is over" in unknown.html()


# ---------------------------------------------------------------- HTML


def test_a_proof_has_a_badge_and_its_rules_with_their_places() -> None:
    html = sample("proved").html()
    assert '<span class="rp-badge rp-good">UNREACHABLE</span>' in html or 'rp-good">HOLDS</span>' in html
    assert "admin-policies.yaml:14</span>" in html
    assert "<svg" not in html


def test_a_flow_is_drawn_and_its_line_is_broken_behind_what_denies_it() -> None:
    allowed, denied = sample("refuted").html(), sample("explained").html()
    assert (allowed.count("<svg"), allowed.count("stroke-dasharray")) == (1, 0)
    assert denied.count("stroke-dasharray") == 2  # behind the egress that is denied, and behind the ingress


def test_the_same_flow_in_an_earlier_snapshot_is_drawn_too() -> None:
    assert sample("since").html().count("<svg") == 2


def test_assumptions_are_folded_and_counted() -> None:
    floor = sample("report")["baseline-default-deny"]
    assert "<details><summary>2 assumptions</summary>" in floor.html()


def test_only_what_did_not_pass_is_unfolded() -> None:
    assert sample("report").html().count('<details open="open">') == 4


# ---------------------------------------------------------------- frames


@pytest.mark.parametrize(
    ("kind", "rows", "columns"),
    [
        ("refuted", 1, "verdict sentence source destination port because vacuous reason assuming"),
        ("list", 1, "pods ports depends"),
        ("explained", 1, "access source destination port because"),
        ("report", 9, "name severity status verdict sentence witness where reason"),
        ("findings", 9, "severity code subject text file line"),
        ("connectivity", 10, "src dst ports remarks src_namespace dst_namespace src_tenant dst_tenant"),
        ("diff", 3, "change src dst before after gained lost because where"),
    ],
)
def test_a_frame_has_a_row_for_each_thing(kind: str, rows: int, columns: str) -> None:
    frame = sample(kind).frame()
    assert (len(frame), list(frame.columns)) == (rows, columns.split())


def test_a_trace_is_a_frame_with_file_and_line() -> None:
    frame = sample("explained").trace.frame()
    assert list(frame.columns) == ["direction", "action", "tier", "policy", "rule", "text", "file", "line"]
    assert list(frame.line) == [14, 38]


def test_the_rows_of_a_report_are_in_its_frame() -> None:
    frame = sample("connectivity").frame()
    assert list(frame.iloc[1][["src", "dst", "ports"]]) == [
        "acme-shop/front-7d9c5",
        "acme-shop/orders-5b6f8",
        "tcp/9000",
    ]


def test_a_library_that_is_missing_is_named_with_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError) as caught:
        sample("refuted").frame()
    assert str(caught.value) == "frame() needs pandas, which is not installed: pip install 'reachproof[notebook]'"


def test_a_library_that_lacks_something_itself_says_what() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'reachproof\.nothing'"):
        needed("reachproof.nothing.inside", "a test")


# ---------------------------------------------------------------- pictures


def test_a_picture_shows_and_saves_itself(tmp_path: Path) -> None:
    picture = sample("connectivity").matrix()
    picture.save(tmp_path / "matrix.svg")
    assert (tmp_path / "matrix.svg").read_text(encoding="utf-8") == f"{picture.svg}\n"
    assert picture.svg in picture._repr_html_()
    assert repr(picture) == "<Picture: who may connect to whom, by workload>"


def test_the_matrix_has_a_cell_for_each_pair_with_its_ports() -> None:
    svg = sample("connectivity").matrix().svg
    assert svg.count("=&gt;") == 49
    assert "<title>acme-shop/front-7d9c5 =&gt; acme-shop/orders-5b6f8: tcp/9000</title>" in svg
    assert "<title>acme-shop/db-0 =&gt; acme-shop/db-0: nothing</title>" in svg


def test_a_port_that_some_pods_lack_is_not_said_to_depend() -> None:
    some = rp.load(EXAMPLES / "tenants").connectivity(by="namespace", src="pods", dst="pods")
    partial = [row for row in some if row.partial]
    assert partial and not any(row.depends for row in some)
    assert {value["allowed"] for value in some.interactive().to_dict()["data"]["values"]} == {
        "some ports, or some pods"
    }


def test_ports_that_do_not_fit_are_counted() -> None:
    report = rp.load(ROOT / "notebooks" / "data" / "market").connectivity(dst="pods in any tenant", exposure=True)
    assert ">tcp/8443 +1</text>" in report.exposure().svg
    assert "<title>tcp/8443, tcp/9102</title>" in report.exposure().svg


def test_the_graph_has_a_line_for_each_connection() -> None:
    assert sample("connectivity").graph().svg.count("<path") == 10


def test_the_exposure_chart_needs_exposure() -> None:
    assert "pods to come" in sample("connectivity").exposure().svg
    with pytest.raises(ValueError) as caught:
        rp.load(EXAMPLES / "tenants").connectivity().exposure()
    assert str(caught.value) == "the report has no exposure; make it with exposure=True"


def test_the_chart_has_a_value_for_each_connection() -> None:
    spec = sample("connectivity").interactive().to_dict()
    assert len(spec["data"]["values"]) == 10
    assert spec["data"]["values"][1] == {
        "from": "acme-shop/front-7d9c5",
        "to": "acme-shop/orders-5b6f8",
        "ports": "tcp/9000",
        "remarks": "",
        "allowed": "some ports, or some pods",
    }


def crowd(count: int) -> rp.Snapshot:
    """A snapshot of so many pods that may all connect."""
    pods = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{n}", "namespace": "a"}, "spec": {}}
        for n in range(count)
    ]
    return rp.load(pods)


@pytest.mark.parametrize(("draw", "most"), [(lambda report: report.matrix(), 80), (lambda report: report.graph(), 60)])
def test_a_picture_that_nobody_could_read_is_refused(draw: Callable[[Any], Any], most: int) -> None:
    report = crowd(81).connectivity(src="pods", dst="pods")
    with pytest.raises(ValueError) as caught:
        draw(report)
    assert str(caught.value) == (
        f"too many endpoints (81; the limit is {most}); group them with by, or narrow the report"
    )
    assert "and 6280 more: see frame()" in report.html()
    shown = pretty(report).split("\n")  # type: ignore[no-untyped-call]
    assert (len(shown), shown[-1]) == (MOST_LINES + 1, "... print() shows all of it")


def test_a_long_name_keeps_both_of_its_ends() -> None:
    assert [shortened("abcdefgh", most) for most in (8, 7, 4)] == ["abcdefgh", "abc…fgh", "ab…h"]


def test_addresses_of_many_ranges_have_a_short_name() -> None:
    market = rp.load(ROOT / "notebooks" / "data" / "market").connectivity(by="tenant")
    outside = [end for end in market.ends if end.external]
    assert str(outside[0]) == ", ".join(outside[0].cidrs)
    assert len(outside[0].cidrs) > 4
    assert f"outside-1: {', '.join(outside[0].cidrs)}" in str(market)


# ---------------------------------------------------------------- pages


def test_a_page_holds_everything_that_it_is_given(tmp_path: Path) -> None:
    report = sample("report")
    report.save(tmp_path / "page.html", "Lint", sample("findings").frame(), title="Review")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "<title>Review</title>" in text and "<h2>Lint</h2>" in text
    assert "<th>severity</th>" in text and "<td>nan</td>" not in text


def test_a_page_of_something_else_is_refused_and_not_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError) as caught:
        sample("report").save(tmp_path / "page.html", 5)
    assert str(caught.value) == "cannot show int; expected a result, a picture, a frame, or a text for a heading"
    assert not (tmp_path / "page.html").exists()


# ---------------------------------------------------------------- packs


def test_a_pack_is_a_path_or_its_text(tmp_path: Path) -> None:
    text = "invariant shut (low): no pod in tenant A can reach any pod in tenant B\n"
    (tmp_path / "a.reach").write_text(text, encoding="utf-8")
    snapshot = rp.load(EXAMPLES / "tenants")
    for pack in (text, str(tmp_path / "a.reach"), tmp_path / "a.reach"):
        assert [answer.name for answer in snapshot.check(pack)] == ["shut"]
    assert len(snapshot.check(text, text).answers) == 2
    with pytest.raises(rp.InputError, match="cannot be read"):
        snapshot.check("nowhere.reach")


def test_without_a_pack_the_shipped_ones_are_checked() -> None:
    report = rp.load(EXAMPLES / "tenants-broken").check()
    assert report["tenant-isolation"].verdict == "holds"
    assert [answer.name for answer in report.failed][:2] == ["baseline-default-deny", "dns-reachable"]
    with pytest.raises(KeyError):
        report["nothing"]


# ---------------------------------------------------------------- progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_is_shown_in_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "DELAY", 0)
    shown = {}
    for name, stream in (("terminal", Terminal()), ("file", io.StringIO())):
        monkeypatch.setattr(sys, "stderr", stream)
        with local.bar("checking", 2) as advance:
            advance(1, "a\x1bb")
        shown[name] = stream.getvalue()
    assert "checking" in shown["terminal"]
    assert "\x1bb" not in shown["terminal"]
    assert shown["file"] == ""


def test_a_notebook_is_somebody_who_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = type("ZMQInteractiveShell", (), {})()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert local.is_watched()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert not local.is_watched()


def test_there_is_no_bar_without_tqdm_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert rp.load(EXAMPLES / "tenants").check(f"invariant a (low): {REFUTED}").verdict == "holds"

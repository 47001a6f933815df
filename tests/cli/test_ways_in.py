"""Ways in, by routes, in every output of `connectivity`, with names that were chosen to do harm too."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from reachproof.documents.connectivity import Connectivity
from reachproof.documents.connectivity_matrix import ConnectivityMatrix, connectivity_blocks, matrix_of
from reachproof.documents.json import decoded
from reachproof.documents.words import By
from reachproof.face.connectivity import connectivity_of
from reachproof.queries.connectivity import request
from reachproof.queries.connectivity_document import report_document
from reachproof.render.connectivity_html import html_text
from reachproof.render.connectivity_text import csv_lines, dot_lines, md_lines, text_lines
from reachproof.solver.budget import Budget
from tests.cli.terminal import Terminal
from tests.cli.test_connectivity import EVIL, problems
from tests.house.places import ROOT
from tests.queries.given import Manifest
from tests.queries.test_ways_in import closed, gateway, proxy, route

SHOP = ROOT / "docs" / "ways-in" / "today"
FRONT = ("edge/public[Deployment]", "shop/front[Deployment]", "TCP 8080")
WHY = "HTTPRoute shop/partners perhaps (Gateway edge/partners is not in the input)"


@pytest.fixture
def run(workplace: Path, terminal: Terminal) -> Any:
    def of(output: str, *more: str) -> str:
        ran = terminal.run("connectivity", "-q", "-f", str(SHOP), "-o", output, *more)
        assert ran.code == 0
        return str(ran.out)

    return of


def test_text_has_a_line_for_each_way_after_the_rows(run: Any) -> None:
    written = run("text").splitlines()
    at = written.index("Ways in, by routes:")
    assert written[at - 1] == ""
    assert written[at + 1 : at + 3] == [
        f"edge/public[Deployment] => shop/api[Deployment] : TCP 9000  (undetermined, by {WHY})",
        f"{' => '.join(FRONT[:2])} : {FRONT[2]}  (by HTTPRoute shop/front)",
    ]


def test_csv_has_a_line_with_routes_for_each_way(run: Any) -> None:
    _, *rows = csv.reader(io.StringIO(run("csv")))
    assert [row for row in rows if row[6]] == [
        ["edge/public[Deployment]", "shop/api[Deployment]", "TCP 9000", "TCP 9000", "", "", WHY],
        [*FRONT, "", "", "", "HTTPRoute shop/front"],
    ]
    assert len(rows) == 10


def test_markdown_has_a_table_of_them(run: Any) -> None:
    text = re.sub(r"\\(.)", r"\1", run("md"))
    assert "| way in from | to | connections | remarks | routes |" in text
    assert f"| {' | '.join(FRONT)} |  | HTTPRoute shop/front |" in text
    assert f"| edge/public[Deployment] | shop/api[Deployment] | TCP 9000 | undetermined | {WHY} |" in text


def test_a_graph_has_bold_arrows(run: Any) -> None:
    assert re.findall(r'\[label="(.*?)", style="(bold.*?)", tooltip="(.*?)"\]', run("dot")) == [
        ("TCP 9000", "bold,dashed", f"undetermined, by {WHY}"),
        ("TCP 8080", "bold", "by HTTPRoute shop/front"),
    ]


def test_the_page_has_a_section_with_routes_and_steps(run: Any) -> None:
    (section,) = re.findall(r'<section id="ways-in">.*?</section>', run("html"))
    line = f"{' =&gt; '.join(FRONT[:2])} : {FRONT[2]}  (by HTTPRoute shop/front)"
    assert f"<summary>{line}</summary>" in section
    assert "HTTPRoute shop/front leads to TCP 8080" in section
    assert "NetworkPolicy shop/from-the-edge rule 0 allows ingress" in section


@pytest.mark.parametrize("more", [(), ("--explain",)])
def test_json_has_them_with_their_routes(run: Any, more: tuple[str, ...]) -> None:
    document = json.loads(run("json", *more))
    assert problems(document) == []
    api, front, *stopped = document["waysIn"]
    assert [(each["src"]["name"], each["connections"]["TCP"]) for each in stopped] == (
        [("controller", [])] if more else []
    )
    assert [each["name"] for each in (front["src"], front["dst"])] == ["public", "front"]
    assert front["connections"]["TCP"] == [[8080, 8080]] and "depends" not in front
    assert api["depends"] == api["connections"]
    assert [(each["kind"], each["name"], each["doubt"]) for each in (*front["routes"], *api["routes"])] == [
        ("HTTPRoute", "front", ""),
        ("HTTPRoute", "partners", "Gateway edge/partners is not in the input"),
    ]
    assert all(bool(each.get("because")) is bool(more) for each in document["waysIn"])


def report(*objects: Manifest) -> ConnectivityMatrix:
    return report_document(closed(*objects), request(By.WORKLOAD), Budget(seconds=30))


def named(name: str) -> ConnectivityMatrix:
    """A report of a route, with a name that no API server would take."""
    own = route()
    own["metadata"]["name"] = name
    return report(own, gateway(), proxy())


def test_names_of_routes_are_no_markup() -> None:
    found = named(EVIL)
    assert all(line.isprintable() for line in text_lines(found))
    assert all("<" not in line and "\x1b" not in line for line in md_lines(found))
    page = "".join(html_text(found))
    assert "<img" not in page and page.count("</script>") == 2
    assert {len(row) for row in csv.reader(io.StringIO("\n".join(csv_lines(found))))} == {7}
    assert '\\"' in "\n".join(dot_lines(found))


def test_the_document_of_a_service_has_them_again_and_a_notebook_shows_them() -> None:
    found = report(route(), gateway(), proxy())
    document = decoded(json.loads(b"".join(connectivity_blocks(found))), Connectivity)
    again = matrix_of(document)
    assert again.ways_in == found.ways_in
    assert list(text_lines(again)) == list(text_lines(found))
    assert "HTTPRoute shop/web" in connectivity_of(again).html()
    assert matrix_of(decoded(json.loads(b"".join(connectivity_blocks(report()))), Connectivity)).ways_in is None

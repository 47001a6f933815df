"""What `reachproof connectivity` writes for programs, and what it does with names that were chosen to do harm."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reachproof.documents.connectivity import Access, PodEnd
from reachproof.documents.connectivity import connections as connections_of
from reachproof.documents.connectivity_matrix import ConnectivityMatrix
from reachproof.documents.json import viewed
from reachproof.documents.words import Partial
from reachproof.manifests.load import load_objects
from reachproof.network.intervals import IntervalSet
from reachproof.queries.ask import Session
from reachproof.queries.connectivity import connectivity
from reachproof.queries.connectivity_document import connectivity_document
from reachproof.render.connectivity_html import html_text
from reachproof.render.connectivity_text import csv_lines, dot_lines, md_lines, text_lines
from tests.cli.contract import END, NOTICE, RULE, WARNING
from tests.cli.terminal import Terminal

EVIL = '</script><img src=x onerror=alert(1)>|`=HYPERLINK("x")\\"\u202e\x1b[2J'
SPAN = {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 65535}, "minItems": 2, "maxItems": 2}
PROTOCOLS = ("TCP", "UDP", "SCTP")
RANGES = {
    "type": "object",
    "properties": {protocol: {"type": "array", "items": SPAN} for protocol in PROTOCOLS},
    "required": list(PROTOCOLS),
    "additionalProperties": False,
}
CONNECTIONS = {"anyOf": [{"const": "all"}, RANGES]}
OUTSIDE = {
    "type": "object",
    "properties": {
        "kind": {"const": "external"},
        "cidrs": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    },
    "required": ["kind", "cidrs"],
    "additionalProperties": False,
}
REPORT_END = {"anyOf": [OUTSIDE, END]}
ROW: dict[str, Any] = {
    "type": "object",
    "properties": {
        "src": REPORT_END,
        "dst": REPORT_END,
        "connections": CONNECTIONS,
        "depends": CONNECTIONS,
        "partial": CONNECTIONS,
        "because": {"type": "array", "items": RULE},
    },
    "required": ["src", "dst", "connections"],
    "additionalProperties": False,
}
ROUTE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"type": "string"},
        "namespace": {"type": "string"},
        "name": {"type": "string"},
        "connections": CONNECTIONS,
        "doubt": {"type": "string"},
        "origin": {"type": "object"},
    },
    "required": ["kind", "namespace", "name", "connections", "doubt", "origin"],
    "additionalProperties": False,
}
WAY_IN = ROW | {
    "properties": ROW["properties"] | {"routes": {"type": "array", "items": ROUTE, "minItems": 1}},
    "required": [*ROW["required"], "routes"],
}
REPORT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "apiVersion": {"const": "reachproof/v1"},
        "by": {"enum": ["pod", "workload", "namespace", "tenant"]},
        "rows": {"type": "array", "items": ROW},
        "ends": {"type": "array"},
        "absent": {"type": "array"},
        "exposure": {"type": "array"},
        "waysIn": {"type": "array", "items": WAY_IN},
        "assumptions": {"type": "array", "items": NOTICE},
        "warnings": {"type": "array", "items": WARNING},
        "evidence": {"type": "object"},
    },
    "required": ["apiVersion", "rows", "assumptions", "warnings"],
    "additionalProperties": False,
}


def problems(document: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(REPORT).iter_errors(document)]


@pytest.mark.parametrize("by", ["pod", "workload"])
def test_the_json_is_one_document_of_the_contract(terminal: Terminal, by: str) -> None:
    ran = terminal.run("connectivity", "-f", "tenants", "-o", "json", "--by", by, "--explain", "--exposure")
    document = json.loads(ran.out)
    assert problems(document) == []
    assert len(document["rows"]) == 10
    assert all(row["because"] or row["connections"] == "all" for row in document["rows"])
    assert all(pair["because"] and "connections" not in pair for pair in document["absent"])
    assert [each["end"]["name"] for each in document["exposure"]][:2] == ["report-28113", "db-0"]


def test_rows_name_ends_ports_and_ranges(terminal: Terminal) -> None:
    rows = json.loads(terminal.run("connectivity", "-f", "tenants", "-o", "json").out)["rows"]
    assert [rows[1]["src"]["name"], rows[1]["dst"]["name"]] == ["front-7d9c5", "orders-5b6f8"]
    assert rows[1]["connections"] == {"TCP": [[9000, 9000]], "UDP": [], "SCTP": []}
    assert rows[-1]["src"] == {"kind": "external", "cidrs": ["0.0.0.0/0"]}
    assert rows[-1]["connections"] == "all"


def test_an_end_of_a_workload_has_its_kind_and_name(workplace: Path, terminal: Terminal) -> None:
    (workplace / "web.json").write_text(json.dumps(_deployment()))
    document = json.loads(terminal.run("connectivity", "-f", "web.json", "-o", "json").out)
    end = document["rows"][0]["src"]
    assert (end["kind"], end["namespace"], end["name"], end["workload"]) == ("pod", "shop", "web", "Deployment/web")
    assert end["labels"] == {"app": "web"}
    assert [notice["code"] for notice in document["warnings"]] == ["NAMESPACE_ASSUMED", "NO_POLICIES"]


def _deployment() -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": spec,
    }


def shown_with(name: str, *, pods: int = 1) -> ConnectivityMatrix:
    """A report in which every pod has the name, which maybe no API server would accept."""
    report = connectivity_document(connectivity(Session(load_objects([_pod(number) for number in range(pods)]))))
    ends = tuple(
        viewed(PodEnd, end, namespace=name, name=f"{name}{at or ''}") if isinstance(end, PodEnd) else end
        for at, end in enumerate(report.ends)
    )
    return replace(report, ends=ends)


def _pod(number: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"web-{number}", "namespace": "shop"},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
        "status": {"phase": "Running", "podIP": f"10.0.0.{number + 1}"},
    }


def test_text_holds_no_character_that_steers_a_terminal() -> None:
    assert all(line.isprintable() for line in text_lines(shown_with(EVIL)))


def test_csv_holds_one_cell_per_name_and_no_formula() -> None:
    rows = list(csv.reader(io.StringIO("\n".join(csv_lines(shown_with("=1+1"))))))
    assert rows[0] == ["src", "dst", "connections", "depends", "partial", "partialBy", "routes"]
    assert [row[0] for row in rows[1:]] == ["'=1+1/=1+1", "0.0.0.0/0"]
    evil = list(csv.reader(io.StringIO("\n".join(csv_lines(shown_with(EVIL))))))
    assert {len(row) for row in evil} == {7}


def test_markdown_holds_no_markup_of_a_name() -> None:
    for line in md_lines(shown_with(EVIL)):
        assert "<" not in line and "\x1b" not in line
        assert line.replace("\\|", "").count("|") == 5


def test_a_graph_quotes_names() -> None:
    text = "\n".join(dot_lines(shown_with('a"]; evil [label="\\')))
    assert '[label="a\\"]; evil [label=\\"\\\\"]' in text


def test_a_page_holds_names_only_as_data_that_cannot_end_its_element() -> None:
    page = "".join(html_text(shown_with(EVIL)))
    assert "<img" not in page and page.count("</script>") == 2
    assert "\\u003c/script\\u003e\\u003cimg" in page
    assert "http://" not in page and "https://" not in page
    assert "onclick" not in page


def test_ports_are_told_as_other_tools_tell_them() -> None:
    from reachproof.render.connectivity_words import connections, remarks

    ports = IntervalSet(((80, 80), (8080, 8090), (65536 + 53, 65536 + 53)))
    assert connections(ports) == "TCP 80,8080-8090; UDP 53"
    assert connections(IntervalSet()) == "no ports"
    every, one = connections_of(ports), connections_of(IntervalSet.single(80))
    some = Access(connections=every, depends=one, partial=every, partial_by=Partial.PODS)
    assert remarks(some) == "TCP 80 undetermined, only between some of their pods"

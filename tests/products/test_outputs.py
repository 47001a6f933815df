"""Every output of a command says what its JSON says, on every engine; and families differ in addresses only."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from reachproof.documents.words import By
from reachproof.network.ports import place
from reachproof.queries.connectivity import Connectivity, connectivity, request
from reachproof.queries.report_nodes import End
from reachproof.semantics.trace import Truth
from reachproof.solver.connection_matrix import Access
from tests.cli.terminal import Ran, Terminal
from tests.products.fronts import PACK, flags, write
from tests.products.test_prefixes import ALWAYS, PROBES, outcomes, session
from tests.products.worlds import (
    OFFICE,
    PODS,
    STRANGER,
    WORLDS,
    Family,
    World,
    address,
    each_engine,
    objects,
    translated,
)
from tests.queries.report_rows import between, rows_of

Json = Any
Line = tuple[str, ...]


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(capsys, monkeypatch)


def outputs(terminal: Terminal, world: World, names: Iterable[str], *arguments: str) -> dict[str, Ran]:
    """What a command writes in each form; its exit code is one and the same."""
    found = {name: terminal.run(*arguments, "-q", "-o", name, *flags(world)) for name in names}
    assert len({ran.code for ran in found.values()}) == 1
    return found


# ---------------------------------------------------------------- connections


def shown(connections: Json) -> str:
    """Connections of a document as text has them."""
    if connections == "all":
        return "all ports"
    parts = []
    for protocol, spans in connections.items():
        listed = ",".join(str(low) if low == high else f"{low}-{high}" for low, high in spans)
        parts += [f"all {protocol} ports" if spans == [[1, 65535]] else f"{protocol} {listed}"] if spans else []
    return "; ".join(parts)


def end_name(end: Json) -> str:
    return ", ".join(end["cidrs"]) if end["kind"] == "external" else f"{end['namespace']}/{end['name']}"


def marked(row: Json) -> str:
    """The remark of a row, as far as it says that something is undetermined, or partial."""
    return f"{'undetermined' if 'depends' in row else ''}{'only' if 'partial' in row else ''}"


def remark(text: str) -> str:
    return "".join(word for word in ("undetermined", "only") if word in text)


def of_json(out: str) -> set[Line]:
    return {
        (end_name(row["src"]), end_name(row["dst"]), shown(row["connections"]), marked(row))
        for row in json.loads(out)["rows"]
    }


def of_text(out: str) -> set[Line]:
    names = dict(line.split(": ", 1) for line in out.splitlines() if line.startswith("outside-"))
    rows = (re.fullmatch(r"(\S.*) => (.+?) : (.+?)(?:  \((.*)\))?", line) for line in out.splitlines())
    return {(names.get(row[1], row[1]), names.get(row[2], row[2]), row[3], remark(row[4] or "")) for row in rows if row}


def of_csv(out: str) -> set[Line]:
    header, *rows = csv.reader(io.StringIO(out))
    assert header == ["src", "dst", "connections", "depends", "partial", "partialBy", "routes"]
    return {
        (src, dst, ports, f"{depends and 'undetermined'}{partial and 'only'}")
        for src, dst, ports, depends, partial, _, _ in rows
    }


def of_markdown(out: str) -> set[Line]:
    plain = re.sub(r"\\(.)", r"\1", out)
    names = dict(line[2:].split(": ", 1) for line in plain.splitlines() if line.startswith("- outside-"))
    cells = [line.strip("|").split(" | ") for line in plain.splitlines() if line.startswith("| ")][1:]
    return {
        (names.get(src.strip(), src.strip()), names.get(dst, dst), ports, remark(said))
        for src, dst, ports, said in cells
    }


def of_dot(out: str) -> set[Line]:
    nodes: dict[str, str] = {}
    home = ""
    for line in map(str.strip, out.splitlines()):
        if line.startswith("label="):
            home = line.split('"')[1] + "/"
        elif line == "}":
            home = ""
        elif found := re.fullmatch(r'(n\d+) \[label="([^"]*)"(?:, shape="\w+")?(?:, tooltip="([^"]*)")?\];', line):
            nodes[found[1]] = found[3] or home + found[2]
    edges = re.findall(r'(n\d+) -> (n\d+) \[label="([^"]*)"(?:, style="dashed", tooltip="([^"]*)")?\];', out)
    return {(nodes[src], nodes[dst], ports, remark(said)) for src, dst, ports, said in edges}


def of_page(out: str) -> set[Line]:
    data = json.loads(re.findall(r'<script type="application/json" id="data">(.*?)</script>', out, re.DOTALL)[0])
    found: set[Line] = set()
    for src, first in enumerate(data["ends"]):
        for dst, second in enumerate(data["ends"]):
            access = data["accesses"][_number(data, src, dst)]
            if access["text"]:
                said = f"{'undetermined' if access['open'] else ''}{'only' if access['partial'] else ''}"
                found.add((_label(first), _label(second), access["text"], said))
    return found


def _label(end: Json) -> str:
    return re.sub(r"^outside-\d+ \((.*)\)$", r"\1", end["label"])


def _number(data: Json, src: int, dst: int) -> int:
    if src >= data["groups"] and dst >= data["groups"]:
        return 0
    if src == dst:
        return int(data["own"].get(str(src), 0))
    row, column = data["rows"][src], data["columns"][dst]
    return 0 if min(row, column) < 0 else int(data["lines"][row][column])


FORMS = {"json": of_json, "text": of_text, "csv": of_csv, "md": of_markdown, "dot": of_dot, "html": of_page}
ONES, OTHERS = (each_engine(first_in_mesh=first) for first in (True, False))


@pytest.mark.parametrize("world", OTHERS, ids=str)
def test_every_form_of_a_report_has_the_rows_of_the_others(world: World, tmp_path: Path, terminal: Terminal) -> None:
    path = write(tmp_path, "p.yaml", objects(world))
    ran = outputs(terminal, world, FORMS, "connectivity", "-f", str(path), "--by", "pod")
    rows = {name: FORMS[name](each.out) for name, each in ran.items()}
    assert rows["json"]
    assert {name: found ^ rows["json"] for name, found in rows.items()} == {name: set() for name in FORMS}
    codes = {each["code"] for each in json.loads(ran["json"].out)["assumptions"]}
    assert set(re.findall(r"(?m)^assuming ([A-Z_]+):", ran["text"].out)) == codes
    assert {each.replace("\\", "") for each in re.findall(r"(?m)^- assuming (\S+):", ran["md"].out)} == codes
    assert set(re.findall(r"<p>assuming ([A-Z_]+):", ran["html"].out)) == codes


@pytest.mark.parametrize("world", ONES, ids=str)
def test_every_form_of_an_explained_report_has_its_pairs(world: World, tmp_path: Path, terminal: Terminal) -> None:
    path = write(tmp_path, "p.yaml", objects(world))
    ran = outputs(
        terminal, world, ("text", "json", "html"), "connectivity", "-f", str(path), "--by", "pod", "--explain"
    )
    document = json.loads(ran["json"].out)
    pairs = {(end_name(row["src"]), end_name(row["dst"])) for row in (*document["rows"], *document["absent"])}
    outside = {name for pair in pairs for name in pair if "/" in name and name not in PODS}
    assert {name for name in outside if "0.0.0.0/" in name or "::/" in name}, (
        "the outside is explained, whatever it may"
    )
    assert {line[:2] for line in of_text(ran["text"].out)} == pairs
    traced = json.loads(re.findall(r'id="data">(.*?)</script>', ran["html"].out, re.DOTALL)[0])
    labels = [_label(end) for end in traced["ends"]]
    assert {tuple(labels[int(at)] for at in key.split(",")) for key in traced["traces"]} == pairs
    policies = {because["text"] for row in document["absent"] for because in row["because"]}
    assert policies and all(
        text.split(" rule")[0].split(" isolates")[0].split(" selects")[0] in ran["text"].out for text in policies
    )


@pytest.mark.parametrize("world", OTHERS, ids=str)
def test_every_form_of_a_difference_has_the_rows_of_the_others(
    world: World, tmp_path: Path, terminal: Terminal
) -> None:
    new = objects(world)
    old = [each for each in new if (each["kind"], each["metadata"]["name"]) != ("NetworkPolicy", "dns")]
    before, after = write(tmp_path, "o.yaml", old), write(tmp_path, "p.yaml", new)
    ran = outputs(terminal, world, ("json", "text", "csv", "md"), "diff", str(before), str(after), "--by", "pod")
    document = json.loads(ran["json"].out)
    expected = {
        (
            row["change"],
            end_name(row["src"]),
            end_name(row["dst"]),
            shown(row["before"]) or "no ports",
            shown(row["after"]) or "no ports",
        )
        for row in document["rows"]
    }
    assert expected
    _, *rows = csv.reader(io.StringIO(ran["csv"].out))
    assert {tuple(row[:5]) for row in rows if row[0] not in ("new", "lost")} == expected
    names = dict(line.split(": ", 1) for line in ran["text"].out.splitlines() if line.startswith("outside-"))
    lines = re.findall(r"(?m)^(added|removed|changed) +(\S.*) => (.+?) : (.+?) -> (.+?)(?:  \(.*\))?$", ran["text"].out)
    assert {(w, names.get(a, a), names.get(b, b), x, y) for w, a, b, x, y in lines} == expected
    assert ran["text"].out.split()[0].lower() == document["relation"] in ran["md"].out
    for _, src, dst, *_ in expected:
        assert all(end in re.sub(r"\\(.)", r"\1", ran["md"].out) for end in (src, dst))


@pytest.mark.parametrize("world", ONES, ids=str)
def test_every_form_of_a_checked_pack_has_the_same_failures(world: World, tmp_path: Path, terminal: Terminal) -> None:
    path = write(tmp_path, "p.yaml", objects(world))
    pack = tmp_path / "p.reach"
    pack.write_text(PACK, encoding="utf-8")
    ran = outputs(terminal, world, ("json", "text", "junit", "sarif", "github"), "check", str(pack), "-f", str(path))
    status = {each["name"]: each["status"] for each in json.loads(ran["json"].out)["answers"]}
    words = {"PASS": "passed", "FAIL": "failed", "OPEN": "undecided"}
    said = re.findall(r"(?m)^(PASS|FAIL|OPEN)  (\S+)", ran["text"].out)
    assert {name: words[word] for word, name in said} == status
    cases = {
        case.get("name", ""): [child.tag for child in case]
        for case in ElementTree.fromstring(ran["junit"].out).iter("testcase")
    }
    tags = {"passed": [], "failed": ["failure"], "undecided": ["error"]}
    assert cases == {name: tags[each] for name, each in status.items()}
    bad = {name for name, each in status.items() if each != "passed"}
    assert {each["ruleId"] for each in json.loads(ran["sarif"].out)["runs"][0]["results"]} == bad
    assert set(re.findall(r"title=(\S+) ", ran["github"].out)) == bad
    assert ran["json"].code == (1 if "failed" in status.values() else 3 if bad else 0)


@pytest.mark.parametrize("world", OTHERS, ids=str)
def test_every_form_of_lint_has_the_same_findings(world: World, tmp_path: Path, terminal: Terminal) -> None:
    path = write(tmp_path, "p.yaml", objects(world))
    ran = outputs(terminal, world, ("json", "text", "sarif"), "lint", "-f", str(path))
    findings = json.loads(ran["json"].out)["findings"]
    codes = sorted(each["code"] for each in findings)
    assert sorted(re.findall(r"(?m)^\S+: (?:error|warning|info): ([A-Z_]+):", ran["text"].out)) == codes
    assert sorted(each["ruleId"] for each in json.loads(ran["sarif"].out)["runs"][0]["results"]) == codes
    assert all(each["text"] in ran["text"].out for each in findings)


# ---------------------------------------------------------------- meaning


@cache
def report(world: World) -> Connectivity:
    return connectivity(session(world), request(By.POD))


def accesses(found: Connectivity) -> dict[tuple[str, str], Access]:
    return {(str(row.src), str(row.dst)): row.access for row in rows_of(found)}


@pytest.mark.parametrize("world", [*ONES, *OTHERS], ids=str)
def test_a_report_is_what_the_evaluator_says_of_each_flow(world: World) -> None:
    found = report(world)
    ends = {str(end): end for end in found.ends}
    wrong: list[object] = []
    for source in (*PODS, OFFICE, STRANGER):
        for destination in (
            each for each in (*PODS, OFFICE, STRANGER) if each != source and {source, each} & set(PODS)
        ):
            for first, second in _pairs(world, source, destination):
                access = _between(found, _end(ends, source, first), _end(ends, destination, second))
                wrong += _wrong(world, (source, destination), access)
    assert not wrong


def _pairs(world: World, source: str, destination: str) -> Iterator[tuple[str, str]]:
    for first in world.hosts(source):
        for second in world.hosts(destination):
            if (":" in first) == (":" in second):
                yield first, second


def _end(ends: dict[str, End], name: str, host: str) -> End | None:
    if name in ends:
        return ends[name]
    at = address(host)
    return next((end for end in ends.values() if at in end.addresses), None)


def _between(found: Connectivity, src: End | None, dst: End | None) -> Access:
    return Access() if src is None or dst is None else between(found, src, dst)


def _wrong(world: World, pair: tuple[str, str], access: Access) -> Iterator[object]:
    for protocol, number in PROBES:
        port = place(protocol, number)
        truths = outcomes(world, ALWAYS[0], *pair, (protocol, number))
        if (port in access.ports) != (Truth.ALLOWED in truths):
            yield pair, protocol, number, truths
        if port in access.open and Truth.DENIED not in truths:
            yield pair, protocol, number, truths


@pytest.mark.parametrize("world", [each for each in WORLDS if each.family is Family.V4], ids=str)
def test_families_differ_in_addresses_only_and_both_are_their_union(world: World) -> None:
    four, six, both = (accesses(report(world.on(family))) for family in Family)
    inside = {pair for pair in (*four, *six, *both) if set(pair) <= set(PODS)}
    assert {pair: four[pair] for pair in four if pair in inside} == {pair: six[pair] for pair in six if pair in inside}
    for pair in inside:
        assert both.get(pair, Access()).ports == four.get(pair, Access()).ports, pair
        assert both.get(pair, Access()).open == four.get(pair, Access()).open, pair
        assert not both.get(pair, Access()).partial, pair
    for outside in (OFFICE, STRANGER):
        for pod in PODS:
            found = [
                [_between(report(w), *ends) for ends in _outside(w, outside, pod)]
                for w in (world, world.on(Family.V6), world.on(Family.DUAL))
            ]
            assert found[0] == found[1], (outside, pod)
            assert found[2] == [found[0][0], found[0][0], found[0][1], found[0][1]], (outside, pod)


def _outside(world: World, outside: str, pod: str) -> Iterator[tuple[End | None, End | None]]:
    ends = {str(end): end for end in report(world).ends}
    hosts = [_end(ends, outside, host) for host in world.hosts(outside)]
    yield from ((host, ends.get(pod)) for host in hosts)
    yield from ((ends.get(pod), host) for host in hosts)


@pytest.mark.parametrize("world", [each for each in WORLDS if each.family is Family.V4], ids=str)
def test_a_sentence_about_a_translated_cluster_has_the_same_answer(world: World) -> None:
    sentences = (
        "can pods in namespace bank reach 198.51.100.0/24 on tcp/443?",
        "no pod in namespace bank can reach 203.0.113.9",
        "only 198.51.100.0/24 or pods can reach pod shop/db on tcp/443",
        "every pod in namespace shop can reach 203.0.113.9 on tcp/80",
        "without networkpolicy bank/out: can pod bank/api reach 198.51.100.7 on tcp/80?",
        "on which ports can 198.51.100.7 reach pod infra/dns?",
        "why can't pod bank/api reach 203.0.113.9 on tcp/80?",
        "which pods can 198.51.100.7 reach on tcp/443?",
    )
    for sentence in sentences:
        answers = [session(world.on(family)).ask(translated(sentence, family)) for family in (Family.V4, Family.V6)]
        one, other = ((each.verdict, each.vacuous, each.rows, [b.policy for b in each.because]) for each in answers)
        assert one == other, sentence
        codes = [[notice.code for notice in each.assumptions] for each in answers]
        assert codes[0] == codes[1], sentence

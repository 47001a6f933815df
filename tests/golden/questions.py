"""A fixed set of questions, reports and differences about every example input, as command lines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import tagged
from tests.house.places import ROOT
from tests.products.fronts import PACK, flags, write
from tests.products.worlds import ENGINES, Family, World, objects

EXAMPLES = ROOT / "queries" / "examples"
DATA = ROOT / "notebooks" / "data"
FOLDERS = {
    "tenants": EXAMPLES / "tenants",
    "tenants-broken": EXAMPLES / "tenants-broken",
    "floor": EXAMPLES / "floor",
    "first": DATA / "first",
    "first-mended": DATA / "first-mended",
    "market": DATA / "market",
}
WORLDS = tuple(
    World(engine, mesh, family)
    for engine, families in zip(ENGINES, (tuple(Family), tuple(Family)[::-1]) * 3, strict=True)
    for mesh, family in zip((False, True), families, strict=False)
)
REPORTS = {
    "pods": ("connectivity", "--by", "pod", "--exposure"),
    "workloads": ("connectivity", "--explain"),
    "namespaces": ("connectivity", "--by", "namespace", "--src", "pods", "--ports", "tcp"),
    "lint": ("lint",),
    "library": ("check",),
}
SENTENCES = {
    "pair": "can pod shop/web reach pod shop/db on tcp/5432?",
    "service": "can pod bank/api reach service shop/db on tcp/1?",
    "office": "can {office} reach any pod in tenant a on tcp/443?",
    "isolated": "all tenants are isolated",
    "only": "only pods in namespace shop can reach pod shop/db on tcp/5432",
    "every": "every pod can reach pod infra/dns on udp/53",
    "possible": "no possible pod in tenant b can reach any pod in tenant a",
    "deny": "the cluster enforces default deny for every tenant",
    "why": "why can't pod bank/api reach pod shop/db on tcp/440?",
    "which": "which pods can reach pod infra/dns?",
    "decide": "which policies decide tenant b to tenant a on tcp/441?",
    "show": "show reachability between namespaces",
    "shadowed": "which rules are shadowed?",
    "ambiguous": "no verdict is ambiguous",
    "changed": "what changed since snapshot before?",
}


@dataclass(frozen=True, slots=True)
class Question:
    """The arguments of one command, whose output is JSON. The name is unique, and can name a file."""

    name: str
    arguments: tuple[str, ...]


def questions(folder: Path) -> list[Question]:
    """All of them; `folder` is filled with the inputs that are made here."""
    found = [Question(name, (*arguments, "-q", "-o", "json")) for name, arguments in (*_examples(), *_worlds(folder))]
    assert len({each.name for each in found}) == len(found)
    return found


def _examples() -> list[tuple[str, tuple[str, ...]]]:
    found: list[tuple[str, tuple[str, ...]]] = []
    lines = [line for block in tagged("docs/language.md", "reach") for line in block.splitlines() if line]
    monday = ("--snapshot", f"monday={FOLDERS['tenants-broken']}")
    for number, line in enumerate(lines):
        sentence = line.partition("#")[0].strip()
        found.append((f"language-{number:02}", ("query", "-f", str(FOLDERS["tenants"]), *monday, sentence)))
    for name, path in FOLDERS.items():
        found += [(f"{name}-{report}", (*arguments, "-f", str(path))) for report, arguments in REPORTS.items()]
    for old, new in (("tenants-broken", "tenants"), ("first", "first-mended"), ("floor", "tenants")):
        found.append((f"diff-{old}-{new}", ("diff", str(FOLDERS[old]), str(FOLDERS[new]))))
    return found


def _worlds(folder: Path) -> list[tuple[str, tuple[str, ...]]]:
    found: list[tuple[str, tuple[str, ...]]] = []
    pack = folder / "pack.reach"
    pack.write_text(PACK, encoding="utf-8")
    for world in WORLDS:
        manifests = objects(world)
        fewer = [each for each in manifests if (each["kind"], each["metadata"]["name"]) != ("NetworkPolicy", "dns")]
        path, before = write(folder, f"{world}.yaml", manifests), write(folder, f"{world}-before.yaml", fewer)
        model, source = tuple(flags(world)), ("-f", str(path))
        asked = {name: text.format(office=world.hosts("office")[0]) for name, text in SENTENCES.items()}
        commands: dict[str, tuple[str, ...]] = {
            name: ("query", *source, *model, "--snapshot", f"before={before}", text) for name, text in asked.items()
        }
        commands |= {name: (*arguments, *source, *model) for name, arguments in REPORTS.items()}
        commands["pack"] = ("check", str(pack), *source, *model)
        commands["explain"] = ("explain", *source, *model, "pods in namespace bank", "pods", "tcp/440")
        commands["table"] = ("explain", *source, *model, "--truth-table", "tcp/5432")
        commands["diff"] = ("diff", *model, "--by", "pod", str(before), str(path))
        found += [(f"{world}-{name}", arguments) for name, arguments in commands.items()]
    return found

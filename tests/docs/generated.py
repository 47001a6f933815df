"""Pages that are made from the code: docs/sentences.md from the rows that the grammar is tested with, docs/http.md from
the service's own description, docs/not-read.md from the registry; and documents/codes.tsv, which is made from pages.
`python -m tests.docs.generated` writes them anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from reachproof.api.app import create_app
from reachproof.api.settings import Settings
from reachproof.documents.finding_advice import rule_of
from reachproof.documents.findings import Code
from reachproof.documents.schema import PUBLISHED, published
from reachproof.grammar.format import format_query
from reachproof.grammar.parse import parse
from reachproof.manifests.kinds.not_read.table import NOT_READ_KINDS
from tests.docs.code_tables import code_table
from tests.grammar.test_sentences import PORTS, PREFIXES, SETS, STATEMENTS, SYNONYMS
from tests.house.places import ROOT

_MADE = "<!-- Made by `python -m tests.docs.generated`; a test compares it. -->"


def sentences() -> str:
    """The page of every sentence."""
    return "\n".join(_sentences()) + "\n"


def _sentences() -> Iterator[str]:
    yield from (
        _MADE,
        "",
        "# Every sentence",
        "",
        "The forms of [the language](language.md), in the words that its tests use, and what they are understood as.",
        "Every row is parsed by a test.",
        "",
        "## Statements",
    )
    for form in dict.fromkeys(type(statement) for _, statement in STATEMENTS):
        rows = ((text, format_query(parse(text))) for text, statement in STATEMENTS if type(statement) is form)
        yield from ("", f"### {_forms(form)}", "")
        yield from _table(("Sentence", "Understood as"), rows)
    yield from ("", "## Sets", "", "What can stand for A and B.", "")
    yield from _table(("Phrase", "Understood as"), ((text, _understood(text)) for text, _ in SETS))
    yield from ("", "## Ports", "", "What can stand for P.", "")
    yield from _table(("Phrase",), ((text,) for text, _ in PORTS))
    yield from ("", "## Prefixes", "", "What can stand before a statement.", "")
    yield from _table(("Prefix",), ((text,) for text, _ in PREFIXES))
    yield from ("", "## The same in other words", "")
    yield from _table(("One", "Other"), SYNONYMS)


def _forms(form: type) -> str:
    """The sentences of a form, as the documentation of its class begins; names of fields, a word each, are left out."""
    first_line = (form.__doc__ or "").strip().partition("\n")[0]
    return ", ".join(phrase for phrase in re.findall("`[^`]+`", first_line) if " " in phrase)


def _understood(text: str) -> str:
    sentence = format_query(parse(f"which pods can {text} reach"))
    return sentence.removeprefix("which pods can ").removesuffix(" reach")


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for row in dict.fromkeys(rows):
        yield f"| {' | '.join(_code(cell) for cell in row)} |"


def _code(text: str) -> str:
    """The text on one line as code; a bar would end the cell."""
    return f"`{' '.join(text.split())}`".replace("|", "\\|")


def http() -> str:
    """The page of the service."""
    return "\n".join(_http(create_app(Settings()).openapi())) + "\n"


def _http(description: dict[str, Any]) -> Iterator[str]:
    yield from (
        _MADE,
        "",
        "# HTTP",
        "",
        "Every path and field, from `GET /openapi.json`. Examples, errors and settings are on the page about",
        "[interfaces](interfaces.md#http).",
        "",
        "## Paths",
    )
    for path, methods in sorted(description["paths"].items()):
        for method, operation in sorted(methods.items()):
            yield from ("", f"### {method.upper()} {path}", "")
            yield from _operation(operation)
    yield from ("", "## Documents")
    for name, schema in sorted(description["components"]["schemas"].items()):
        yield from ("", f"### {name}", "")
        yield from _document(schema)


def _operation(operation: dict[str, Any]) -> Iterator[str]:
    yield _prose(operation.get("description") or operation["summary"])
    yield ""
    yield from ("| | Content |", "|---|---|")
    for each in operation.get("parameters", ()):
        yield f"| `{each['name']}` in the {each['in']} | {_type(each['schema'])} |"
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"| body | {_type(content.get('schema', {}))}, as `{media}` |"
    by_content: dict[str, list[str]] = {}
    for status, response in sorted(operation["responses"].items()):
        by_content.setdefault(_content(response), []).append(f"{status} {_prose(response['description'])}")
    for content, statuses in by_content.items():
        yield f"| {', '.join(statuses)} | {content} |"


def _content(response: dict[str, Any]) -> str:
    contents = response.get("content", {}).items()
    return "; or ".join(f"{_type(content.get('schema', {}))}, as `{media}`" for media, content in contents)


def _document(schema: dict[str, Any]) -> Iterator[str]:
    if schema.get("description"):
        yield from (_prose(schema["description"]), "")
    if "properties" not in schema:
        yield f"One of {_type(schema)}."
        return
    yield from ("| Field | Is | |", "|---|---|---|")
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        told = "always there. " if name in required else ""
        yield f"| `{name}` | {_type(field)} | {told}{_prose(field.get('description', ''))} |"


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words, with links to the documents of this page."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(_type(each) for each in schema[key]))
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{each}`" for each in schema.get("enum", [schema.get("const")]))
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return f"[{', '.join(map(_type, schema['prefixItems']))}]"
        case "array":
            return f"list of {_type(schema.get('items', {}))}"
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            return f"map to {_type(schema['additionalProperties'])}"
        case None:
            return "anything"
        case kind:
            return str(kind)


def _prose(text: str) -> str:
    """On one line, for a cell."""
    return " ".join(text.split()).replace("|", "\\|")


_NOT_READ_HEAD = ROOT / "tests" / "docs" / "not-read-head.md"


def not_read() -> str:
    """The page of kinds that are not read: what is said of them, and their registry."""
    return "\n".join((_MADE, "", _NOT_READ_HEAD.read_text(encoding="utf-8"), *_registry())) + "\n"


def _registry() -> Iterator[str]:
    yield from ("| Group | Kinds | May | Flows of | To and from | Only |", "|---|---|---|---|---|---|")
    for row in NOT_READ_KINDS:
        kinds = f"| `{row.group}` | {', '.join(row.kinds)} | {row.effect} |"
        only = f" {row.when.text} |" if row.when else " |"
        hosts = "; nodes too (`HOST_POLICY`)" if row.hosts else ""
        ways = f" {row.scope.format(row.selector)}{hosts} | {' and '.join(row.directions)}: {row.far} |"
        yield f"{kinds}{ways}{only}" if row.acts else f"{kinds} | | |"


def findings() -> str:
    """The page of the findings of lint: each kind with its sense, why it matters, and how to mend it."""
    return "\n".join(_findings()) + "\n"


def _findings() -> Iterator[str]:
    yield from (_MADE, "", "# Findings of lint", "", "Each kind of finding of [lint](lint.md), in order of name.")
    for code in sorted(Code):
        rule = rule_of(code)
        sense = rule.what[:1].upper() + rule.what[1:].rstrip(".")
        yield from ("", f"## {code}", "", f"{sense}.", "")
        yield from (f"- Why it matters: {rule.why}", f"- How to mend it: {rule.mend}")
        yield f"- Read on: <{rule.reference}>"


def schema(name: str) -> str:
    """A published schema."""
    return json.dumps(published(name), indent=2) + "\n"


GENERATED: dict[str, Callable[[], str]] = {
    "docs/sentences.md": sentences,
    "docs/http.md": http,
    "docs/not-read.md": not_read,
    "documents/codes.tsv": code_table,
    "docs/findings.md": findings,
    **{f"docs/schemas/{name}.json": partial(schema, name) for name in PUBLISHED},
}

if __name__ == "__main__":
    for page, made in GENERATED.items():
        (ROOT / page).write_text(made(), encoding="utf-8")

"""Sets that are written as the exact language has them, and the names in them that are nothing."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from lark.exceptions import UnexpectedInput

from reachproof.grammar import ast
from reachproof.grammar.build import build
from reachproof.grammar.engine import read
from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.plain.lexicon import Lexicon
from reachproof.grammar.sets import Said


def exact_set(text: str) -> ast.SetExpr | None:
    """The syntax tree of a set of the exact language, if the text is one."""
    try:
        found = build(read(text, "quantified"), 0)
    except (UnexpectedInput, Mistake):
        return None
    assert isinstance(found, Said)
    return found.set


def near_names(lexicon: Lexicon, name: str) -> list[str]:
    """The names of the snapshot that are nearest to one that is nothing, at most three."""
    return get_close_matches(name.lower(), sorted(lexicon.by_name), n=3, cutoff=0.7)


def nothing_named(lexicon: Lexicon, kind: str, name: str, span: ast.Span, where: str = "") -> Mistake:
    """The mistake of a name that nothing has, with near names."""
    near = near_names(lexicon, name)
    hint = f"; did you mean `{'` or `'.join(near)}`?" if near else ""
    return Mistake(f"no {kind} is named {name}{where}{hint}", span)


def nameless(found: ast.SetExpr, lexicon: Lexicon) -> Iterator[Mistake]:
    """The names in a set that are nothing in the snapshot."""
    match found:
        case ast.Union(items):
            for item in items:
                yield from nameless(item, lexicon)
        case ast.Difference(base, removed):
            yield from nameless(base, lexicon)
            yield from nameless(removed, lexicon)
        case ast.Pods(filters):
            for each in filters:
                yield from _in_filter(each, lexicon)
        case ast.PodNamed(name):
            yield from _object(lexicon, "pod", name)
        case ast.WorkloadNamed(kind, name):
            yield from _object(lexicon, kind, name)
        case ast.ServiceNamed(name):
            yield from _object(lexicon, "service", name)
        case ast.NodeNamed(name):
            yield from _name(lexicon, "node", name)
        case _:
            return


def _in_filter(found: ast.Filter, lexicon: Lexicon) -> Iterator[Mistake]:
    match found:
        case ast.InNamespaces(names):
            group = "namespace"
        case ast.InTenants(names):
            group = "tenant"
        case ast.Outside(of, names):
            group = str(of)
        case ast.OnNode(name):
            yield from _name(lexicon, "node", name)
            return
        case _:
            return
    for name in names:
        yield from _name(lexicon, group, name)


def _name(lexicon: Lexicon, kind: str, name: ast.Name) -> Iterator[Mistake]:
    if not lexicon.named(name.text, word=kind):
        yield nothing_named(lexicon, kind, name.text, name.span)


def _object(lexicon: Lexicon, kind: str, name: ast.ObjectName) -> Iterator[Mistake]:
    there = lexicon.named(str(name), word=kind)
    abstract = kind == "pod" and lexicon.named(str(name), word="workload")
    if not there and not abstract:
        yield nothing_named(lexicon, kind, str(name), name.span)

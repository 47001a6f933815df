"""Small faults of a module's source: each mutation replaces one expression or statement and keeps the rest as it is.

The operators are those that mutation testing tools share (comparison, connector, arithmetic, constant, condition,
statement deletion). Left alone: docstrings, annotations, texts, `raise`, assertions, arms that end in `assert_never`.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDERS = ("network", "engines", "semantics", "solver", "queries")
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
FUNCTIONS = {"any": "all", "all": "any", "min": "max", "max": "min"}
ANNOTATED = ("annotation", "returns", "decorator_list", "type_params")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One fault. `start` and `end` are offsets in characters of the source; `old` is the text between them."""

    path: str
    function: str
    line: int
    start: int
    end: int
    old: str
    new: str
    occurrence: int  # the how-manieth with these texts in the function, from 0

    @property
    def key(self) -> str:
        """A name that edits elsewhere in the module do not change."""
        return f"{self.path}::{self.function}: {self.old} -> {self.new} #{self.occurrence}"

    @property
    def rank(self) -> str:
        """A draw that is the same in every run: samples are the mutations of the smallest ranks."""
        return hashlib.sha256(self.key.encode()).hexdigest()

    def apply(self, source: str) -> str:
        """The module with this fault."""
        return source[: self.start] + self.new + source[self.end :]


def mutations(root: Path, path: str) -> list[Mutation]:
    """All mutations of the module at `path` below `root`, in the order of the source."""
    source = (root / path).read_text(encoding="utf-8")
    lines = _line_starts(source)
    seen: dict[tuple[str, str, str], int] = {}
    found = []
    for function, node, new in _faults(ast.parse(source), "<module>"):
        start, end = _offset(lines, node.lineno, node.col_offset), _offset(lines, node.end_lineno, node.end_col_offset)
        old = source[start:end]
        occurrence = seen.get((function, old, new), 0)
        seen[function, old, new] = occurrence + 1
        found.append(
            Mutation(
                path=path,
                function=function,
                line=node.lineno,
                start=start,
                end=end,
                old=old,
                new=new,
                occurrence=occurrence,
            )
        )
    return found


def sample(root: Path, count: int, only: str = "") -> list[Mutation]:
    """The `count` mutations of the smallest ranks in FOLDERS, in modules whose path begins with `only`, by place."""
    paths = [path.relative_to(root).as_posix() for folder in FOLDERS for path in sorted((root / folder).rglob("*.py"))]
    every = [mutation for path in paths if path.startswith(only) for mutation in mutations(root, path)]
    chosen = sorted(every, key=lambda mutation: mutation.rank)[:count]
    return sorted(chosen, key=lambda mutation: (mutation.path, mutation.start, mutation.new))


def _line_starts(source: str) -> list[tuple[int, bytes]]:
    """Per line its offset in characters and its bytes, since columns of the syntax tree count bytes."""
    starts, offset = [], 0
    for line in source.splitlines(keepends=True):
        starts.append((offset, line.encode()))
        offset += len(line)
    return starts


def _offset(lines: list[tuple[int, bytes]], line: int | None, column: int | None) -> int:
    assert line is not None and column is not None
    offset, content = lines[line - 1]
    return offset + len(content[:column].decode())


Place = ast.expr | ast.stmt


def _faults(node: ast.AST, function: str) -> Iterator[tuple[str, Place, str]]:
    """(qualified name of the function, the node to be replaced, the text instead) for all below `node`."""
    for name, child in _children(node):
        if isinstance(child, ast.Raise | ast.Assert | ast.JoinedStr) or name in ANNOTATED or _never(child):
            continue
        inside = _qualified(function, child)
        if isinstance(child, ast.expr):
            yield from ((inside, child, new) for new in _expressions(child, condition=name == "test"))
        elif isinstance(child, ast.stmt):
            yield from ((inside, child, new) for new in _statements(child))
        yield from _faults(child, inside)


def _children(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield name, child


def _qualified(function: str, node: ast.AST) -> str:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return function
    return node.name if function == "<module>" else f"{function}.{node.name}"


def _never(node: ast.AST) -> bool:
    """True of an arm that cannot be reached: its last statement calls `assert_never`."""
    match node:
        case ast.match_case(body=[*_, ast.Expr(value=ast.Call(func=ast.Name(id="assert_never")))]):
            return True
    return False


def _expressions(node: ast.expr, *, condition: bool) -> Iterator[str]:
    match node:
        case ast.Compare(left=left, ops=[operator, *rest], comparators=values) if type(operator) in COMPARISONS:
            swapped = [COMPARISONS[type(operator)](), *rest]
            yield f"({ast.unparse(ast.Compare(left=left, ops=swapped, comparators=values))})"
        case ast.BoolOp(op=connector, values=values):
            other = ast.Or() if isinstance(connector, ast.And) else ast.And()
            yield f"({ast.unparse(ast.BoolOp(op=other, values=values))})"
            yield from (f"({ast.unparse(_without(node, index))})" for index in range(len(values)))
        case ast.BinOp(left=left, op=arithmetic, right=right) if type(arithmetic) in ARITHMETIC and not _text(node):
            yield f"({ast.unparse(ast.BinOp(left=left, op=ARITHMETIC[type(arithmetic)](), right=right))})"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield f"bool({ast.unparse(operand)})"
        case ast.Constant(value=bool(value)):
            yield str(not value)
        case ast.Constant(value=int(value)):
            yield str(value + 1)
        case ast.Name(id=name, ctx=ast.Load()) if name in FUNCTIONS:
            yield FUNCTIONS[name]
        case ast.IfExp(body=body, orelse=other):
            yield f"({ast.unparse(body)})"
            yield f"({ast.unparse(other)})"
    if condition and not isinstance(node, ast.Constant):
        yield "True"
        yield "False"


def _without(node: ast.BoolOp, index: int) -> ast.expr:
    values = [value for place, value in enumerate(node.values) if place != index]
    return values[0] if len(values) == 1 else ast.BoolOp(op=node.op, values=values)


def _text(node: ast.BinOp) -> bool:
    """True of texts that are put together."""
    return any(
        isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )


def _statements(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.Expr(value=ast.Call() | ast.YieldFrom() | ast.Yield()):
            yield "pass"
        case ast.AugAssign() | ast.Continue() | ast.Break():
            yield "pass"
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield "return None"

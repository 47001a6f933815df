"""The meaning of a code of a notice or finding, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reachproof.documents.codes import CodeKind, Meaning

_SAYS = {
    CodeKind.ASSUMPTION: "An assumption: the verdict holds only where this is so.",
    CodeKind.WARNING: "A warning: the verdict stands as it is; this may be of interest.",
    CodeKind.OPEN: "Left open: a verdict that depends on this is unknown or undetermined.",
    CodeKind.FINDING: "A finding of reachproof lint.",
    CodeKind.CONDITION: "A condition of a rule that came near to letting a blocked connection through.",
}
_DETAIL = {CodeKind.OPEN: "Settled by", CodeKind.FINDING: "Severity"}


def code_lines(code: str, found: Sequence[Meaning]) -> Iterator[str]:
    """The code, then each of its meanings: a sentence, what follows from it, and the page with more."""
    yield code
    for meaning in found:
        yield f"  {meaning.text[:1].upper()}{meaning.text[1:]}."
        yield f"  {_SAYS[meaning.kind]}"
        if meaning.detail and meaning.kind in _DETAIL:
            yield f"  {_DETAIL[meaning.kind]}: {meaning.detail}."
        yield f"  See {meaning.page}."

"""Why a text is no sentence."""

from reachproof.grammar.ast import Span
from reachproof.grammar.engine import stop
from reachproof.grammar.mistakes import Mistake


def diagnose(text: str, start: str) -> Mistake:
    """What to say about a text that could not be read."""
    found = stop(text, start)
    return Mistake("expected " + ", ".join(sorted(found.accepted)), Span(found.position, found.position + 1))

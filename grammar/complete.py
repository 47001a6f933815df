"""What a user may type next."""

from __future__ import annotations

from lark import Token

from reachproof.grammar.engine import accepted_after, stop
from reachproof.grammar.follow import WORDS, is_slot, words


def expected(prefix: str) -> tuple[str, ...]:
    """What may follow the beginning of a sentence: words, and slots in capitals such as NAMESPACE or PORT.

    A last word that is not finished is completed. Empty where the beginning is no beginning of a sentence, or nothing
    but its end can follow.
    """
    reached = stop(prefix, "query")
    tokens = list(reached.tokens)
    found = _after(tokens, prefix[reached.position :])
    if tokens:
        # The last word may also begin longer ones, as `on` does `on node`, or be another terminal, as `except` can be.
        found += _after(tokens[:-1], prefix[tokens[-1].start_pos or 0 :])
    return tuple(dict.fromkeys(found))


def _after(tokens: list[Token], tail: str) -> tuple[str, ...]:
    """What may follow the tokens and, after them, a text that is not a token yet.

    Some words are tokens only once it is known what follows them: the tail may begin with whole ones.
    """
    accepted = accepted_after(tokens, "query")
    begun = " ".join(tail.lower().split()) + " " * tail[-1:].isspace()
    if not begun.strip():
        return words(accepted, tokens)
    found: tuple[str, ...] = ()
    for terminal in sorted(accepted, key=list(WORDS).index):
        for word in WORDS[terminal]:
            if begun.startswith(word) and begun[len(word) :][:1] in {"", " "}:
                found += _after([*tokens, Token(terminal, word)], begun[len(word) :])
    longer = (word for word in words(accepted, tokens) if not is_slot(word) and word.lower().startswith(begun))
    return found + tuple(word[begun.rfind(" ") + 1 :] for word in longer if word.lower() != begun)

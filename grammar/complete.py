"""What a user may type next."""

from __future__ import annotations

from lark import Token

from reachproof.grammar.engine import accepted_after, stop
from reachproof.grammar.follow import WORDS, is_slot, words


def expected(prefix: str) -> tuple[str, ...]:
    """What may follow the beginning of a sentence: words, and slots in capitals (NAMESPACE, TENANT, POD, LABEL, PORT ...).

    A last word that is not finished is completed. Empty where the beginning is no beginning of a sentence, or nothing
    but its end can follow.
    """
    reached = stop(prefix, "query")
    tokens = list(reached.tokens)
    found = _after(tokens, prefix[reached.position :])
    if tokens and not prefix[reached.position :].strip():
        # The last words may also begin longer ones: `on` may become `on node`.
        found += _after(tokens[:-1], prefix[tokens[-1].start_pos or 0 :], whole=False)
    elif tokens and not found:
        found = _after(tokens[:-1], prefix[tokens[-1].start_pos or 0 :], whole=False)
    return tuple(dict.fromkeys(found))


def _after(tokens: list[Token], tail: str, *, whole: bool = True) -> tuple[str, ...]:
    """What may follow the tokens and, after them, a text that is not a token yet.

    `whole`: the tail may also be complete, as `or` is, which is a token only once it is known what it joins.
    """
    accepted = accepted_after(tokens, "query")
    typed = " ".join(tail.lower().split())
    if not typed:
        return words(accepted, tokens)
    kept = 0 if " " not in typed else typed.rindex(" ") + 1
    kept = len(typed) + 1 if tail[-1].isspace() else kept
    longer = tuple(
        word[kept:]
        for word in words(accepted, tokens)
        if not is_slot(word) and word.lower().startswith(typed) and len(word) > max(kept, len(typed))
    )
    if not whole:
        return longer
    next_words: tuple[str, ...] = ()
    for terminal in sorted(accepted, key=list(WORDS).index):
        if typed in WORDS[terminal]:
            read = [*tokens, Token(terminal, typed)]
            next_words += words(accepted_after(read, "query"), read)
    return next_words + longer

"""Sixty sentences as people type them, each with its exact meaning: none is misread, and the score is kept.

The sentences say in our words what the titles of public questions about network policy ask, for the cluster beside
them. A line of sentences.tsv is `SENTENCE <tab> MEANING`:

| Meaning | Understood if |
|---|---|
| an exact sentence | the verdict is the same, and so are the ends of the flow, or the rows |
| AMBIGUOUS | it is refused, and the message has at least two sentences that can be asked |
| NEAR name | it is refused, and the message offers the name |
| REFUSED | it is refused: two readings fit, or the language cannot say it |

With the grammar as it was before plain speech, 4 of the 60 were right (those that have to be refused), none was
misread.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.parse import attempt
from reachproof.manifests.load import load
from reachproof.network.errors import InputError
from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session

HERE = Path(__file__).parent / "plain"
SENTENCES = [tuple(line.split("\t")) for line in (HERE / "sentences.tsv").read_text().splitlines()]
UNDERSTOOD = 60
"""How many are understood today. It may only grow."""
TRUTH = {"holds": True, "violated": False, "reachable": True, "unreachable": False}


@pytest.fixture(scope="module")
def asked() -> Session:
    return Session(load(HERE / "cluster.yaml"))


def judged(asked: Session, sentence: str, meaning: str) -> str:
    """`right`, `refused` (or refused without the help that is due), or `misread` with what was understood."""
    try:
        answer = asked.ask(sentence)
    except InputError as error:
        return refusal(str(error), meaning)
    if meaning.split()[0] in {"AMBIGUOUS", "NEAR", "REFUSED"}:
        return f"misread as {answer.normalized}"
    try:
        exact = asked.ask(meaning)
    except InputError as error:
        return f"no exact sentence yet: {error}"
    return "right" if same(answer, exact) else f"misread as {answer.normalized}"


def refusal(message: str, meaning: str) -> str:
    word, *rest = meaning.split()
    helped = {
        "REFUSED": True,
        "AMBIGUOUS": len(choices(message)) >= 2,
        "NEAR": f"`{' '.join(rest)}`" in message,
    }
    return "right" if helped.get(word, False) else f"refused: {message.splitlines()[0]}"


def choices(message: str) -> list[str]:
    """The lines of a message that are whole sentences."""
    indented = (line.strip() for line in message.splitlines() if line.startswith("    "))
    return [line for line in indented if line and not isinstance(attempt(line), Mistake)]


def same(answer: Answer, exact: Answer) -> bool:
    """A question may be answered with the verdict of a claim, where both say the same truth."""
    one, other = str(answer.verdict), str(exact.verdict)
    asked_for_flow = {"reachable", "unreachable"}
    turned = one in TRUTH and other in TRUTH and (one in asked_for_flow) != (other in asked_for_flow)
    denial = turned and exact.form == "no" and TRUTH[one] != TRUTH[other]
    return (one == other or denial) and ends(answer) == ends(exact)


def ends(answer: Answer) -> object:
    if answer.witness is None:
        return answer.rows
    flow = answer.witness.flow
    return str(flow.source), str(flow.destination), flow.protocol, flow.port


def test_there_are_sixty_different_sentences() -> None:
    assert len({sentence for sentence, _ in SENTENCES}) == 60


def test_none_is_misread_and_the_score_is_kept(asked: Session) -> None:
    found = {sentence: judged(asked, sentence, meaning) for sentence, meaning in SENTENCES}
    wrong = {sentence: judgement for sentence, judgement in found.items() if judgement.startswith("misread")}
    assert wrong == {}
    right = [sentence for sentence, judgement in found.items() if judgement == "right"]
    assert len(right) == UNDERSTOOD, {sentence: said for sentence, said in found.items() if said != "right"}

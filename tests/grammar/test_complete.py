"""Completion: what is offered is what the grammar takes there, and every keyword is offered where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachproof.grammar.complete import Bound, Kind, Slot, expected
from reachproof.grammar.engine import stop
from reachproof.grammar.format import format_query
from tests.docs.pages import tagged
from tests.grammar.strategies import queries
from tests.grammar.test_grammar import GARBAGE

# What tells joining words and `except` apart, and what ends a sentence: one of these goes on after any beginning.
GOES_ON = (
    *("", " from pods", " on tcp/80", " tcp/80", " pods", " x", " shop/x", " in namespace x", " labelled x", " x=y"),
    *(" is", " can", " policy", " reach", " pod", " tenant", "x", " :", " the", " to", " nothing", " tenant x"),
)
SENTENCES = [line.partition("#")[0] for block in tagged("docs/language.md", "reach") for line in block.splitlines()]
NAMES = {
    *("NAME", "OBJECT", "STRING", "REQUIREMENT", "ADDRESS", "PORT_NUMBER", "PORT_NAME", "PROTOCOL_PORT"),
    *("DOMAIN_NAME", "SNAPSHOT_NAME", "END"),
}


def begins_a_sentence(text: str) -> bool:
    """Whether the grammar reads the whole text, if only something fitting follows."""
    return any(stop(text + end, "query").position >= len(text) + min(1, len(end)) for end in GOES_ON)


@given(queries.map(format_query), st.data())
def test_a_word_that_is_accepted_is_never_refused(sentence: str, data: st.DataObject) -> None:
    prefix = sentence[: data.draw(st.integers(0, len(sentence)))]
    for word in expected(prefix).words:
        assert prefix[word.start :].lower() == word.text[: len(prefix) - word.start].lower()
        text = prefix[: word.start] + word.text
        assert begins_a_sentence(text), text


@pytest.mark.parametrize(
    ("prefix", "offered"),
    [
        ("can a ", []),
        ("can a pod r", ["reach"]),
        ("no pod in a ", ["different"]),
        ("no pod can reach a possible p", ["pods", "pod"]),
    ],
)
def test_after_an_article_only_what_may_follow_it_is_offered(prefix: str, offered: list[str]) -> None:
    words = expected(prefix).words
    assert all(begins_a_sentence(prefix[: word.start] + word.text) for word in words)
    assert [word.text for word in words] == offered


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_keyword_is_offered_at_its_place(sentence: str) -> None:
    for token in stop(sentence, "query").tokens:
        if token.type not in NAMES:
            start = token.start_pos or 0
            offered = {word.text.lower() for word in expected(sentence[:start]).words if word.start == start}
            typed = " ".join(token.lower().split())
            assert any(typed == each or typed.startswith(f"{each} ") for each in offered), (token, offered)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_keyword_is_completed_when_it_is_begun(sentence: str) -> None:
    for token in stop(sentence, "query").tokens:
        if token.type not in NAMES and not token.type.startswith("JOIN"):
            start, half = token.start_pos or 0, (token.start_pos or 0) + len(token) // 2
            found = expected(sentence[:half]).words
            accepted = {(sentence[: word.start] + word.text)[start:].lower() for word in found}
            typed = token.lower()
            assert any(typed == each or typed.startswith(f"{each} ") for each in accepted), (token, accepted)


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("can po", ("pods", "pod", "possible")),
        ("can pods in na", ("namespace", "namespaces")),
        ("can pods in namespace ", ("labelled", "with labels")),
        ("no pod can reach pods on tcp/80, ", ("tcp", "udp", "sctp", "port")),
        ("no pod can reach pods except f", ("from",)),
        ("no pod can reach pods or a", ("any", "all", "anything", "anything outside the cluster")),
        ("on wh", ("which ports",)),
        ("with ", ("only",)),
        ("BANP enforces ", ("default deny",)),
        ("show reachability b", ("between",)),
        ("can pods (", ()),
        ("can pods reach pods?", ()),
        ("no such sentence", ()),
        ("can pods # a", ()),
    ],
)
def test_words_that_may_follow_the_beginning_of_a_sentence(prefix: str, words: tuple[str, ...]) -> None:
    found = [word.text for word in expected(prefix).words]
    assert set(words) <= set(found)
    assert len(words) > 1 or len(found) <= 3


@pytest.mark.parametrize(
    ("prefix", "slots"),
    [
        ("can pods in namespace ", [Slot(22, Kind.NAMESPACE, "", "namespace")]),
        ("can pods in tenants a or ", [Slot(25, Kind.TENANT, "", "tenants")]),
        ('can pods in tenant "two wo', [Slot(19, Kind.TENANT, '"two wo', "tenant")]),
        ("can service sh", [Slot(12, Kind.SERVICE, "sh", "service")]),
        ("can pod shop/", [Slot(8, Kind.POD, "shop/", "pod")]),
        ("can deployment shop/we", [Slot(15, Kind.WORKLOAD, "shop/we", "deployment")]),
        ("can pods with service account ", [Slot(30, Kind.SERVICE_ACCOUNT, "", "withserviceaccount")]),
        ("can pods on node w", [Slot(17, Kind.NODE, "w", "onnode")]),
        ("can pods labelled app=web,", [Slot(26, Kind.POD_LABEL, "")]),
        ("can pods in namespaces labelled e", [Slot(32, Kind.NAMESPACE_LABEL, "e")]),
        ("can nodes labelled ", [Slot(19, Kind.NODE_LABEL, "")]),
        ("no pod can reach pods on t", [Slot(25, Kind.PROTOCOL_PORT, "t")]),
        ("no pod can reach pods on port ", [Slot(30, Kind.PORT, "")]),
        ("can pods reach domain ", [Slot(22, Kind.DOMAIN, "")]),
        ("nothing changed since snapshot ", [Slot(31, Kind.SNAPSHOT, "")]),
        ("without anp n", [Slot(12, Kind.POLICY, "n", "anp")]),
        ("for every tenant ", [Slot(17, Kind.NEW, "", "tenant")]),
        ("which pods can reach namespace team-a.", [Slot(31, Kind.NAMESPACE, "team-a.", "namespace")]),
        ("can 10.", []),
    ],
)
def test_names_that_may_follow_the_beginning_of_a_sentence(prefix: str, slots: list[Slot]) -> None:
    assert list(expected(prefix).slots) == slots


def test_a_name_that_a_prefix_binds_is_known_in_the_sentence() -> None:
    found = expected("for every tenant T: for every namespace N: no pod in tenant ")
    assert found.bound == (Bound(Kind.TENANT, "T"), Bound(Kind.NAMESPACE, "N"))


@pytest.mark.parametrize("text", GARBAGE[::4], ids=[f"{number}" for number in range(len(GARBAGE[::4]))])
def test_long_garbage_has_few_endings(text: str) -> None:
    found = expected(text)
    starts = [word.start for word in found.words] + [slot.start for slot in found.slots]
    assert len(starts) < 100
    assert all(0 <= start <= len(text) for start in starts)

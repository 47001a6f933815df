"""Several sentences in one text, and packs of them."""

from __future__ import annotations

import pytest

from reachproof.grammar.ast import DefineTenant, DefineTenants, Expect, Invariant, Name, Pack, Severity
from reachproof.grammar.mistakes import QuerySyntaxError
from reachproof.grammar.parse import parse, parse_many, parse_pack
from reachproof.network.labels import Selector

PACK = """\
# tenancy.reach
define tenants by label tenant
define tenant acme as namespaces labelled team=acme
invariant baseline-default-deny (critical) "BANP is the floor under every tenant":
  BANP enforces default deny for every tenant  # no exceptions
  except to pods labelled k8s-app=kube-dns in namespace kube-system on udp/53 or tcp/53
expect unreachable "no direct database access":
  can any pod in tenant a reach 10.0.0.0/8 on tcp/5432?
invariant quiet: all tenants are isolated.
"""


def test_a_pack_holds_its_definitions_and_its_checks_in_order() -> None:
    deny = parse(
        "BANP enforces default deny for every tenant except to pods labelled k8s-app=kube-dns in namespace kube-system "
        "on udp/53 or tcp/53"
    )
    question = parse("can any pod in tenant a reach 10.0.0.0/8 on tcp/5432")
    assert parse_pack(PACK) == Pack(
        (DefineTenants("tenant"), DefineTenant(Name("acme"), Selector.equal("team", "acme"))),
        (
            Invariant("baseline-default-deny", Severity.CRITICAL, "BANP is the floor under every tenant", deny),
            Expect("unreachable", "no direct database access", question),
            Invariant("quiet", Severity.MEDIUM, "", parse("all tenants are isolated")),
        ),
    )


def test_spans_in_a_pack_count_from_its_start() -> None:
    check = parse_pack(PACK).checks[2]
    assert PACK[check.span.start : check.span.end] == "invariant quiet: all tenants are isolated."
    assert PACK[check.query.span.start : check.query.span.end] == "all tenants are isolated."


def test_an_empty_pack_is_a_pack() -> None:
    assert parse_pack("# nothing yet\n") == Pack((), ())


def test_every_mistake_in_a_pack_is_listed_with_its_place() -> None:
    text = (
        "invariant a: no pod can reech nodes\ninvariant b (urgent): no pod can reach nodes\nexpect reachable: no pod\nx"
    )
    with pytest.raises(QuerySyntaxError) as caught:
        parse_pack(text, name="a.reach")
    assert [(problem.file, problem.line, problem.column) for problem in caught.value.problems] == [
        ("a.reach", 1, 25),
        ("a.reach", 2, 14),
        ("a.reach", 3, 19),
    ]
    assert str(caught.value) == (
        "a.reach:1: found `reech`, expected `reach`; did you mean `reach`?\n"
        "    invariant a: no pod can reech nodes\n"
        "                            ^^^^^\n"
        "a.reach:2: found `urgent`, expected `info`, `low`, `medium`, `high` or `critical`\n"
        "    invariant b (urgent): no pod can reach nodes\n"
        "                 ^^^^^^\n"
        "a.reach:3: found `no`, expected `can`, `without`, `with only`, `for` or `assuming`\n"
        "    expect reachable: no pod\n"
        "                      ^^"
    )


def test_a_text_that_begins_with_no_item_is_refused() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse_pack("no pod can reach nodes")
    assert str(caught.value) == (
        "<pack>:1: found `no`, expected `define`, `invariant` or `expect`\n    no pod can reach nodes\n    ^^"
    )


def test_two_invariants_of_one_name_are_refused() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse_pack("invariant a: all tenants are isolated\ninvariant a: all namespaces are isolated")
    assert str(caught.value) == (
        "<pack>:2: invariant a is defined above\n    invariant a: all namespaces are isolated\n    " + "^" * 40
    )


def test_a_question_is_no_invariant_and_a_claim_no_expectation() -> None:
    for text in ("invariant a: can pods reach nodes?", "expect reachable: no pod can reach nodes"):
        with pytest.raises(QuerySyntaxError):
            parse_pack(text)


def test_a_pack_of_more_than_a_million_characters_is_refused() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse_pack("#" * 1_000_001)
    assert str(caught.value) == (
        f"<pack>:1: the text has 1000001 characters; a pack has at most 1000000\n    {'#' * 100}...\n    ^"
    )


@pytest.mark.parametrize(
    "text",
    [
        "can pods reach nodes? all tenants are isolated. why can pods reach 10.0.0.1?",
        "can pods reach nodes; all tenants are isolated; why can pods reach 10.0.0.1",
        "can pods reach nodes\n\n  # the rest\nall tenants are isolated\nwhy can pods reach 10.0.0.1\n",
        "can pods\nreach nodes\nall tenants\nare isolated\nwhy can pods reach\n10.0.0.1",
    ],
)
def test_sentences_end_at_a_mark_or_at_the_end_of_a_line(text: str) -> None:
    alone = ("can pods reach nodes", "all tenants are isolated", "why can pods reach 10.0.0.1")
    assert parse_many(text) == tuple(map(parse, alone))


@pytest.mark.parametrize("first", ["can pods reach pod can/can", "can pods reach pods labelled app=in"])
def test_a_name_at_the_end_of_a_line_is_no_word_that_goes_on(first: str) -> None:
    assert parse_many(f"{first}\nall tenants are isolated") == (parse(first), parse("all tenants are isolated"))


def test_a_list_of_what_is_reached_ends_with_its_line() -> None:
    lines = "which nodes can the internet reach\nall tenants are isolated\nwhich pods can tenant a reach\non tcp/80"
    alone = (
        "which nodes can the internet reach",
        "all tenants are isolated",
        "which pods can tenant a reach on tcp/80",
    )
    assert parse_many(lines) == tuple(map(parse, alone))
    assert parse_many("which pods can reach\ntenant a") == (parse("which pods can reach tenant a"),)


def test_a_line_goes_on_after_a_prefix_and_before_an_exception() -> None:
    text = "for every tenant T:\n  no pod in tenant T can reach nodes\n  except on tcp/443\n  and to node a\n"
    text += "all tenants are isolated"
    first = "for every tenant T: no pod in tenant T can reach nodes except on tcp/443 and to node a"
    assert parse_many(text) == (parse(first), parse("all tenants are isolated"))


def test_marks_within_quotes_end_no_sentence() -> None:
    assert parse_many('can tenant "a. b; c? # d" reach nodes') == (parse('can tenant "a. b; c? # d" reach nodes'),)


def test_every_mistake_of_several_sentences_is_listed() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse_many("can pods reech nodes\nall tenants are isolated\nno pod can reach 10.0.0.1/8")
    assert [(problem.line, problem.column) for problem in caught.value.problems] == [(1, 10), (3, 18)]


def test_after_fifty_mistakes_the_rest_is_not_read() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse_many("x\n" * 60)
    assert len(caught.value.problems) == 51
    assert caught.value.problems[-1].message == "50 mistakes; the text after this one was not read\n    x\n    ^"


def test_a_text_without_a_sentence_is_refused() -> None:
    for text in ("", " \n ", "# only a comment", "; ?"):
        with pytest.raises(QuerySyntaxError) as caught:
            parse_many(text)
        assert caught.value.problems[0].message.splitlines()[0] == "empty question"

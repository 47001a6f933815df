"""`why can` and `why can't`: every deciding rule, all that blocks, and what is said to a wrong premise."""

from __future__ import annotations

from tests.queries.given import (
    DENY_PODS_IN,
    Manifest,
    admin_policy,
    baseline,
    codes,
    network_policy,
    notice,
    pod,
    session,
    shown,
    texts,
)

NO_WEB: Manifest = {
    "name": "none",
    "action": "Deny",
    "from": [{"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "web"}}}}],
}
SHOP = session(
    pod("shop/web", "10.0.0.1"),
    pod("shop/db", "10.0.0.2"),
    pod("shop/api", "10.0.0.3"),
    network_policy("shop/closed", {"app": "web"}, policyTypes=["Egress"]),
    network_policy("shop/db", {"app": "db"}, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "api"}}}]}]),
    admin_policy("no", 5, ingress=[NO_WEB]),
    baseline(ingress=[DENY_PODS_IN]),
)
WEB_DB = "from pod shop/web to pod shop/db on tcp/5432"
ALL_BLOCKERS = [
    f"NetworkPolicy shop/closed isolates pod shop/web for egress and none of its rules allows egress {WEB_DB}",
    f'AdminNetworkPolicy no rule 0 "none" denies ingress {WEB_DB}',
    f"NetworkPolicy shop/db isolates pod shop/db for ingress and none of its rules allows ingress {WEB_DB}",
    f"BaselineAdminNetworkPolicy default rule 0 denies ingress {WEB_DB}",
]


def test_why_not_lists_all_blockers_of_both_directions_and_every_tier() -> None:
    answer = SHOP.ask("why can't pod shop/web reach pod shop/db on tcp/5432?")
    assert (answer.verdict, answer.form) == ("explained", "why")
    assert texts(answer) == ALL_BLOCKERS


def test_taking_all_blockers_away_lets_the_flow_through_and_any_one_less_does_not() -> None:
    names = ["networkpolicy shop/closed", "anp no", "networkpolicy shop/db", "banp default"]
    question = "can pod shop/web reach pod shop/db on tcp/5432?"
    assert SHOP.ask(f"without {', '.join(names)}: {question}").verdict == "reachable"
    for name in names:
        kept = ", ".join(other for other in names if other != name)
        assert SHOP.ask(f"without {kept}: {question}").verdict == "unreachable"


def test_the_three_ways_to_write_not_mean_the_same() -> None:
    forms = [f"why {word} pod shop/web reach pod shop/db on tcp/5432?" for word in ("can't", "cannot")]
    forms.append("why can pod shop/web not reach pod shop/db on tcp/5432?")
    assert [texts(SHOP.ask(form)) for form in forms] == [ALL_BLOCKERS] * 3


def test_why_can_names_the_rule_that_lets_it_through() -> None:
    answer = SHOP.ask("why can pod shop/api reach pod shop/db on tcp/5432?")
    assert answer.verdict == "explained"
    assert shown(answer) == "pod shop/api (10.0.0.3) -> pod shop/db (10.0.0.2) on tcp/5432"
    assert texts(answer) == ["NetworkPolicy shop/db rule 0 allows ingress from pod shop/api to pod shop/db on tcp/5432"]


def test_why_can_of_what_cannot_says_so_and_what_blocks_it() -> None:
    answer = SHOP.ask("why can pod shop/web reach pod shop/db on tcp/5432?")
    assert answer.verdict == "unreachable"
    assert notice(answer, "PREMISE") == "it cannot; here is what blocks it"
    assert texts(answer) == ALL_BLOCKERS


def test_why_not_of_what_can_says_so_and_what_lets_it_through() -> None:
    answer = SHOP.ask("why can't pod shop/api reach pod shop/db?")
    assert answer.verdict == "reachable"
    assert notice(answer, "PREMISE") == "it can; here is what lets it through"
    assert texts(answer) == ["NetworkPolicy shop/db rule 0 allows ingress from pod shop/api to pod shop/db on tcp/80"]


def test_why_not_of_several_of_which_some_can_says_which_it_is_about() -> None:
    answer = SHOP.ask("why can't pods reach pod shop/db on tcp/5432?")
    assert texts(answer) == ALL_BLOCKERS
    assert notice(answer, "SOME_CAN") == (
        "some of these can: pod shop/api (10.0.0.3) -> pod shop/db (10.0.0.2) on tcp/5432; the explanation is for "
        "pod shop/web (10.0.0.1) -> pod shop/db (10.0.0.2) on tcp/5432"
    )


def test_why_not_of_several_lists_the_blockers_of_each() -> None:
    answer = SHOP.ask("why can't pod shop/web reach pods on tcp/80?")
    found = {(str(each.policy), each.direction) for each in answer.because}
    assert found == {
        ("NetworkPolicy shop/closed", "egress"),
        ("AdminNetworkPolicy no", "ingress"),
        ("BaselineAdminNetworkPolicy default", "ingress"),
        ("NetworkPolicy shop/db", "ingress"),
    }


def test_why_of_nothing_is_unreachable_and_vacuous_either_way() -> None:
    for words in ("why can", "why can't"):
        answer = SHOP.ask(f"{words} pods labelled app=typo reach pod shop/db?")
        assert (answer.verdict, answer.vacuous) == ("unreachable", True)
        assert codes(answer) == ["EMPTY_SET"]

"""Every answered form of the language on one small cluster, to be read by a person: a sentence and what it comes to.

shop (tenant a)   web 10.0.0.1 on n1, http 8080     db 10.0.0.2 on n2, sql 5432: only web may reach it, on sql
bank (tenant b)   web 10.0.1.1 on n1
lab               x 10.0.2.1
nodes             n1 192.168.0.1 zone=a, n2 192.168.0.2, n3 without addresses and pods
"""

from __future__ import annotations

import pytest

from tests.queries.given import namespace, network_policy, node, notice, pod, session, shown, texts, verdict

DB = network_policy(
    "shop/db",
    {"app": "db"},
    ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": "sql"}]}],
)
STAGE = (
    namespace("shop", tenant="a"),
    namespace("bank", tenant="b"),
    namespace("lab"),
    pod("shop/web", "10.0.0.1", on="n1", ports=[("http", 8080)]),
    pod("shop/db", "10.0.0.2", on="n2", ports=[("sql", 5432)]),
    pod("bank/web", "10.0.1.1", on="n1"),
    pod("lab/x", "10.0.2.1"),
    node("n1", "192.168.0.1", zone="a"),
    node("n2", "192.168.0.2"),
    node("n3"),
)
HERE = session(*STAGE, DB)
WEB_TO_DB = "pod shop/web (10.0.0.1) -> pod shop/db (10.0.0.2) on tcp/5432"


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        # can
        ("can pod shop/web reach pod shop/db on tcp/5432?", "reachable"),
        ("can pod shop/web reach pod shop/db on udp/5432?", "unreachable"),
        ("can pod shop/web reach pod shop/db on port sql?", "reachable"),
        ("can pod shop/web reach pod shop/db on port 5432?", "reachable"),
        ("can pod shop/web reach pod shop/db?", "reachable"),
        ("can pod bank/web reach pod shop/db?", "unreachable"),
        ("can any pod reach pod shop/db except from pod shop/web?", "unreachable"),
        ("can any pod reach pod shop/db except on tcp/5432?", "unreachable"),
        ("can pod shop/web reach pod shop/web?", "unreachable, vacuous"),
        # no
        ("no pod in tenant b can reach pod shop/db", "holds"),
        ("no pod can reach pod shop/db", "violated"),
        ("no pod can reach pod shop/db except within the same tenant", "holds"),
        ("no pod can reach pod shop/db except from pod shop/web on tcp/5432", "holds"),
        ("no pod can reach pod shop/db except from pod shop/web on tcp/5433", "violated"),
        ("no pod can reach pod shop/db except from pod bank/web", "violated"),
        # every
        ("every pod can reach pod bank/web", "holds"),
        ("every pod can reach pod shop/db on tcp/5432", "violated"),
        ("every pod can reach pod shop/db on tcp/5432 except from namespace bank, from namespace lab", "holds"),
        ("can every pod reach every pod?", "unreachable"),
        ("can every pod in tenant a reach every pod in tenant b on tcp, udp, sctp?", "reachable"),
        # only
        ("only pod shop/web can reach pod shop/db on tcp/5432", "holds"),
        ("only pod bank/web can reach pod shop/db", "violated"),
        ("only pods can reach pod bank/web", "violated"),
        ("only pods can reach pod bank/web except from outside the cluster", "holds, vacuous"),
        ("only pods or outside the cluster can reach pod shop/db", "holds, vacuous"),
        ("only pod shop/web or node n2 can reach pod shop/db", "holds"),
        ("only pod shop/web or node n1 can reach pod shop/db", "violated"),
        # can reach only, exactly
        ("pods labelled app=db can reach only pods or outside the cluster", "holds, vacuous"),
        ("pod shop/web can reach only pods or outside the cluster, nodes", "holds, vacuous"),
        ("pod shop/web can reach only pods in namespace shop", "violated"),
        ("pod bank/web can reach only pod shop/web or namespace lab or outside the cluster", "holds"),
        ("pod bank/web can reach exactly pod shop/web or namespace lab or outside the cluster", "holds"),
        ("pod bank/web can reach exactly pods or outside the cluster", "violated"),
        # isolation
        ("all tenants are isolated", "violated"),
        ("tenant a is isolated from tenant b", "violated"),
        ("tenant a is isolated from tenant b except to pod shop/web, except to tenant b", "holds"),
        ("all namespaces are isolated except to pods labelled app in (web,x)", "holds"),
        ("namespace lab is isolated from namespace shop except from namespace shop", "violated"),
        # selection
        ("every pod labelled app=db is selected by a network policy for ingress", "holds"),
        ("every pod labelled app=db is selected by a network policy for egress", "violated"),
        ("every pod labelled app=db is selected by a network policy", "violated"),
        ("every pod in namespace shop is selected by a network policy for ingress", "violated"),
        # sets
        ("can 10.0.0.0/24 reach 10.0.0.2 on tcp/5432?", "reachable"),
        ("can 10.0.1.0/24 reach 10.0.0.2 on tcp/5432?", "unreachable"),
        ("can the internet reach pod bank/web on tcp/80?", "reachable"),
        ("can 172.16.0.1 reach pod bank/web on tcp/80?", "reachable"),
        ("can the internet except outside the cluster reach pod bank/web?", "unreachable, vacuous"),
        ("can outside the cluster reach pod shop/db?", "unreachable"),
        ("can 8.8.8.8 reach 1.1.1.1?", "unreachable, vacuous"),
        ("can node n2 reach pod shop/db?", "reachable"),
        ("can node n1 reach pod shop/db?", "unreachable"),
        ("can nodes labelled zone=a reach pod shop/db?", "unreachable"),
        ("can anything reach node n1 on tcp/22?", "reachable"),
        ("can anything reach pod shop/db on tcp/22?", "reachable"),
        ("can pods in a different tenant reach tenant a on tcp/80?", "reachable"),
        ("can pods in a different tenant reach pod shop/db?", "unreachable"),
        ("can pods in the same namespace reach pod shop/db?", "reachable"),
        ("can pods in the same tenant reach pod lab/x?", "unreachable, vacuous"),
        ("can pods on node n1 reach pods on node n2?", "reachable"),
        ("can pods on node n1 in tenant b reach pods on node n2?", "unreachable"),
        ("can pods on node n3 reach pods on node n1?", "unreachable, vacuous"),
        ("can pods outside tenant a reach pod shop/db?", "unreachable"),
        ("can pods outside namespaces bank or lab reach pod shop/db?", "reachable"),
        ("can pods in any tenant reach pod lab/x?", "reachable"),
        ("can pods with service account shop/default reach pod shop/db?", "reachable"),
        ("can pods except namespace shop reach pod shop/db?", "unreachable"),
        ("can (pods except namespace shop) or pod shop/web reach pod shop/db?", "reachable"),
        # prefixes
        ("without networkpolicy shop/db: can pod bank/web reach pod shop/db?", "reachable"),
        ("with only the baseline tier: can pod bank/web reach pod shop/db?", "reachable"),
        ("with only network policies: can pod bank/web reach pod shop/db?", "unreachable"),
        ("for every tenant T: no pod outside tenant T can reach pods in tenant T labelled app=db", "holds"),
        ("for every namespace N: every pod in namespace N can reach pod bank/web", "holds"),
        ("for every tenant T: can tenant T reach pod shop/db?", "unreachable"),
        ("assuming no pod in tenant a is labelled app=web: no pod can reach pod shop/db", "holds"),
        ("assuming whatever network policies tenant a writes: no pod in tenant b can reach pod shop/db", "violated"),
        ("assuming whatever network policies tenant b writes: no pod in tenant b can reach pod shop/db", "holds"),
        ("assuming whatever network policies tenant b writes: every pod can reach pod bank/web", "violated"),
    ],
)
def test_a_sentence_comes_to(sentence: str, expected: str) -> None:
    assert verdict(HERE, sentence) == expected


class TestWitness:
    def test_what_reaches_and_what_breaks_a_claim_is_shown(self) -> None:
        assert shown(HERE.ask("can any pod reach pod shop/db?")) == WEB_TO_DB
        assert shown(HERE.ask("no pod can reach pod shop/db")) == WEB_TO_DB
        shut = HERE.ask("every pod can reach pod shop/db on tcp/5432")
        assert shown(shut) == "pod bank/web (10.0.1.1) -> pod shop/db (10.0.0.2) on tcp/5432"

    def test_what_holds_or_is_unreachable_has_none(self) -> None:
        assert HERE.ask("no pod in tenant b can reach pod shop/db").witness is None
        assert HERE.ask("can pod bank/web reach pod shop/db?").witness is None

    def test_its_trace_is_the_evaluators(self) -> None:
        answer = HERE.ask("can pod shop/web reach pod shop/db?")
        assert answer.witness is not None
        assert [step.text for step in answer.witness.trace.steps] == [
            "no policy decides egress from pod shop/web to pod shop/db on tcp/5432; it is allowed by default",
            "NetworkPolicy shop/db rule 0 allows ingress from pod shop/web to pod shop/db on tcp/5432",
        ]

    def test_for_a_name_that_is_bound_the_answer_says_for_which(self) -> None:
        answer = HERE.ask("for every tenant T: no pod outside tenant T can reach tenant T except to tenant a")
        assert answer.verdict == "violated"
        assert notice(answer, "BOUND_NAME") == "T is tenant b"


class TestBecause:
    def test_the_rules_that_a_proof_rests_on_are_named(self) -> None:
        answer = HERE.ask("no pod in tenant b can reach pod shop/db")
        assert texts(answer) == ["NetworkPolicy shop/db denies ingress of the pods it selects unless a rule allows it"]
        assert [each.rule_index for each in answer.because] == [None]

    def test_a_rule_that_allows_something_else_is_not_among_them_unless_it_could_match_more(self) -> None:
        """Nothing but the isolation is needed, since the rule could allow what it likes to web."""
        allow = {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 80}]}
        narrow = session(*STAGE, network_policy("shop/db", {"app": "db"}, ingress=[allow]))
        answer = narrow.ask("can pod shop/web reach pod shop/db on tcp/80-81 except on tcp/80?")
        assert texts(answer) == ["NetworkPolicy shop/db denies ingress of the pods it selects unless a rule allows it"]

    def test_a_claim_that_rests_on_no_rule_has_none(self) -> None:
        assert HERE.ask("every pod can reach pod bank/web").because == ()


class TestEmptySets:
    def test_a_phrase_that_matches_nothing_is_named_and_the_answer_is_vacuous(self) -> None:
        answer = HERE.ask("no pod labelled app=typo can reach pods labelled app=none")
        assert (answer.verdict, answer.vacuous) == ("holds", True)
        assert [(each.code, each.text) for each in answer.warnings] == [
            ("EMPTY_SET", "'pods labelled app=typo' matches nothing in this snapshot"),
            ("EMPTY_SET", "'pods labelled app=none' matches nothing in this snapshot"),
        ]

    def test_an_empty_part_of_a_question_about_something_is_a_warning_only(self) -> None:
        answer = HERE.ask("no pod labelled app=typo or pod bank/web can reach pod shop/db")
        assert (answer.verdict, answer.vacuous) == ("holds", False)
        assert notice(answer, "EMPTY_SET") == "'pods labelled app=typo' matches nothing in this snapshot"


class TestUndefined:
    """A claim has to hold in every outcome; a question about any is met by one, which is said."""

    TIED = session(
        *STAGE,
        *(
            {
                "apiVersion": "policy.networking.k8s.io/v1alpha1",
                "kind": "AdminNetworkPolicy",
                "metadata": {"name": action.lower()},
                "spec": {
                    "priority": 7,
                    "subject": {"namespaces": {}},
                    "ingress": [{"action": action, "from": [{"namespaces": {}}]}],
                },
            }
            for action in ("Allow", "Deny")
        ),
    )
    TIE = (
        "AdminNetworkPolicy allow and AdminNetworkPolicy deny have equal priority 7 and disagree; which one applies is "
        "not defined"
    )

    def test_a_tie_makes_a_flow_reachable_and_says_so(self) -> None:
        answer = self.TIED.ask("can pod bank/web reach pod lab/x on tcp/80?")
        assert answer.verdict == "reachable"
        assert notice(answer, "TIE") == self.TIE

    @pytest.mark.parametrize(
        "claim",
        [
            "no pod can reach pod lab/x",
            "every pod can reach pod lab/x",
            "only pod bank/web can reach pod lab/x except from outside the cluster",
            "pod bank/web can reach exactly pods or outside the cluster",
            "every pod can reach some pod",
        ],
    )
    def test_a_tie_breaks_a_claim_and_its_negation(self, claim: str) -> None:
        answer = self.TIED.ask(claim)
        assert answer.verdict == "violated"
        assert notice(answer, "TIE") == self.TIE

"""`domain NAME` as a set: the addresses behind a name, known by the options or not at all."""

from __future__ import annotations

import pytest

from tests.queries.given import Manifest, codes, namespace, notice, pod, session, shown, verdict

A = (namespace("shop", tenant="a"), pod("shop/web", "10.0.0.1"))


def egress_to(*names: str, deny: bool = True) -> Manifest:
    """Egress to these names on tcp/443, and to nothing else outside."""
    allow = {
        "action": "Accept",
        "to": [{"domainNames": list(names)}],
        "protocols": [{"tcp": {"destinationPort": {"number": 443}}}],
    }
    rest = [{"action": "Deny", "to": [{"networks": ["0.0.0.0/0", "::/0"]}]}] if deny else []
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": "egress"},
        "spec": {"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}, "egress": [allow, *rest]},
    }


@pytest.mark.parametrize(
    ("names", "asked", "expected"),
    [
        (("api.example.com",), "api.example.com", "holds"),
        (("api.example.com",), "API.example.com", "holds"),
        (("*.example.com",), "api.example.com", "holds"),
        (("*.example.com",), "a.b.example.com", "holds"),
        (("*.example.com",), "example.com", "violated"),
        (("example.com",), "api.example.com", "violated"),
        (("other.example.net", "api.example.com"), "api.example.com", "holds"),
    ],
)
def test_a_rule_that_names_the_domain_matches_for_certain(names: tuple[str, ...], asked: str, expected: str) -> None:
    claim = f"every pod in tenant a can reach domain {asked} on tcp/443"
    assert verdict(session(*A, egress_to(*names)), claim) == expected


def test_a_rule_that_names_another_domain_may_still_match() -> None:
    asked = session(*A, egress_to("other.example.net"))
    answer = asked.ask("can tenant a reach domain api.example.com on tcp/443?")
    assert answer.verdict == "reachable"
    assert codes(answer) == ["DOMAIN_ADDRESSES", "DOMAIN_NAMES"]
    assert notice(answer, "DOMAIN_ADDRESSES") == (
        "which addresses are behind api.example.com is not known: any address outside the cluster may be one; the "
        "option `domains` can say which they are"
    )
    assert verdict(asked, "can tenant a reach domain api.example.com on tcp/80?") == "unreachable"


def test_where_the_sentence_is_about_other_destinations_too_the_name_is_not_certain() -> None:
    asked = session(*A, egress_to("api.example.com"))
    claim = "every pod in tenant a can reach domain api.example.com or 203.0.113.7 on tcp/443"
    assert verdict(asked, claim) == "violated"


def test_the_options_can_say_what_is_behind_a_name() -> None:
    asked = session(*A, egress_to("api.example.com"), domains={"api.example.com": ["203.0.113.0/24"]})
    answer = asked.ask("can tenant a reach domain api.example.com on tcp/443?")
    assert shown(answer) == "pod shop/web (10.0.0.1) -> 203.0.113.1 on tcp/443"
    assert codes(answer) == ["DOMAIN_ADDRESSES"]
    assert notice(answer, "DOMAIN_ADDRESSES") == "what is behind api.example.com is what the option `domains` says"
    assert verdict(asked, "every pod in tenant a can reach domain api.example.com on tcp/443") == "holds"
    assert verdict(asked, "every pod in tenant a can reach domain www.example.com on tcp/443") == "violated"


def test_pods_and_nodes_are_behind_no_name() -> None:
    asked = session(*A, domains={"api.example.com": ["10.0.0.0/8"]})
    assert verdict(asked, "can pods reach domain api.example.com?") == "reachable"
    assert verdict(asked, "can domain api.example.com reach pods?") == "reachable"
    alone = session(*A, domains={"api.example.com": ["10.0.0.1/32"]})
    assert verdict(alone, "can pods reach domain api.example.com?") == "unreachable, vacuous"

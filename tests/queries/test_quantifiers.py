"""`every`, `some` and `any` range over endpoints, whatever addresses these have, and are read from the left."""

from __future__ import annotations

from tests.queries.given import Manifest, deployment, network_policy, pod, session, shown, verdict

TO_WEB = {"to": [{"podSelector": {"matchLabels": {"app": "web"}}}]}
ONLY_6 = {"to": [{"ipBlock": {"cidr": "::/0"}}]}


def closed_but(*egress: Manifest) -> Manifest:
    return network_policy("shop/closed", policyTypes=["Egress"], egress=list(egress))


class TestOrder:
    A = pod("shop/a", "10.0.0.1")
    B = pod("shop/b", "10.0.0.2")
    X = pod("shop/x", "10.0.0.3", kind="target")
    Y = pod("shop/y", "10.0.0.4", kind="target")
    # Each of a and b reaches one target, and not the same one.
    CROSSED = session(
        *(A, B, X, Y),
        network_policy("shop/x", {"app": "x"}, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "a"}}}]}]),
        network_policy("shop/y", {"app": "y"}, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "b"}}}]}]),
    )
    SOURCES = "pods labelled app in (a,b)"
    TARGETS = "pod labelled kind=target"

    def test_every_source_may_have_a_destination_of_its_own(self) -> None:
        assert verdict(self.CROSSED, f"can every pods labelled app in (a,b) reach some {self.TARGETS}?") == "reachable"

    def test_no_source_reaches_every_destination(self) -> None:
        assert (
            verdict(self.CROSSED, f"can some pods labelled app in (a,b) reach every {self.TARGETS}?") == "unreachable"
        )

    def test_not_every_source_reaches_every_destination_and_the_first_that_does_not_is_shown(self) -> None:
        answer = self.CROSSED.ask(f"every {self.SOURCES} can reach every {self.TARGETS} on tcp/80")
        assert answer.verdict == "violated"
        assert shown(answer) == "pod shop/a (10.0.0.1) -> pod shop/y (10.0.0.4) on tcp/80"

    def test_a_bare_destination_of_every_source_is_meant_as_a_whole(self) -> None:
        assert verdict(self.CROSSED, f"can every {self.SOURCES} reach {self.TARGETS}?") == "unreachable"

    def test_a_bare_source_is_any(self) -> None:
        assert verdict(self.CROSSED, f"can {self.SOURCES} reach {self.TARGETS}?") == "reachable"


class TestPorts:
    ONE_PORT = session(
        pod("shop/a", "10.0.0.1"),
        pod("shop/b", "10.0.0.2"),
        network_policy("shop/b", {"app": "b"}, ingress=[{"ports": [{"port": 80}]}]),
    )

    def test_a_list_of_ports_under_every_is_each_of_them(self) -> None:
        assert verdict(self.ONE_PORT, "pod shop/a can reach exactly pod shop/b on tcp/80") == "violated"
        assert verdict(self.ONE_PORT, "every pod shop/a can reach pod shop/b on tcp/80") == "holds"
        assert verdict(self.ONE_PORT, "every pod shop/a can reach pod shop/b on tcp/80, tcp/443") == "violated"

    def test_any_of_a_list_is_one_of_them(self) -> None:
        assert verdict(self.ONE_PORT, "every pod shop/a can reach pod shop/b on any of tcp/80, tcp/443") == "holds"
        assert verdict(self.ONE_PORT, "every pod shop/a can reach pod shop/b on any of tcp/81, tcp/443") == "violated"


class TestTwoFamilies:
    """A pod of two address families is one pod."""

    BOTH = pod("shop/both", "10.0.0.1", "fd00::1")
    FOUR = pod("shop/four", "10.0.0.2", kind="target")
    SIX = pod("shop/six", "fd00::3", kind="target")

    def test_a_destination_of_one_family_is_enough_for_some(self) -> None:
        assert verdict(session(self.BOTH, self.FOUR), "every pod shop/both can reach some pod shop/four") == "holds"

    def test_each_family_in_which_two_pods_meet_has_to_be_open(self) -> None:
        twins = session(self.BOTH, pod("shop/twin", "10.0.0.4", "fd00::4"), closed_but(ONLY_6))
        answer = twins.ask("every pod shop/both can reach some pod shop/twin on tcp/80")
        assert answer.verdict == "violated"
        assert shown(answer) == "pod shop/both (10.0.0.1) -> pod shop/twin (10.0.0.4) on tcp/80"
        assert verdict(twins, "every pod shop/both can reach every pod shop/twin on tcp/80") == "violated"

    def test_the_family_that_is_open_does_not_stand_for_the_other(self) -> None:
        half = session(self.BOTH, self.FOUR, self.SIX, closed_but(ONLY_6))
        assert verdict(half, "can some pod shop/both reach every pod labelled kind=target?") == "unreachable"

    def test_a_source_of_another_family_is_no_example(self) -> None:
        apart = session(pod("shop/a", "fd00::1"), pod("shop/b", "10.0.0.1"))
        assert verdict(apart, "can some pod shop/a reach every pod shop/b?") == "unreachable, vacuous"
        assert verdict(apart, "every pod shop/a can reach some pod shop/b") == "violated, vacuous"


class TestUnknownAddresses:
    """What must hold, has to hold for every address that a pod without one may get."""

    def test_a_destination_with_a_lucky_address_is_no_example(self) -> None:
        lucky = session(
            pod("shop/a", "10.1.0.1"),
            deployment("bank/d"),
            closed_but({"to": [{"ipBlock": {"cidr": "10.0.0.0/25"}}]}),
            podCidr="10.0.0.0/24",
        )
        answer = lucky.ask("every pod shop/a can reach some pod in namespace bank on tcp/80")
        assert answer.verdict == "violated"
        assert shown(answer) == "pod shop/a (10.1.0.1) -> pod bank/d (10.0.0.128) on tcp/80"
        assert verdict(lucky, "can pod shop/a reach pods in namespace bank on tcp/80?") == "reachable"

    def test_a_destination_that_is_open_at_every_address_is_one(self) -> None:
        sure = session(
            pod("shop/a", "10.1.0.1"),
            deployment("bank/d"),
            closed_but({"to": [{"ipBlock": {"cidr": "10.0.0.0/25"}}, {"ipBlock": {"cidr": "10.0.0.128/25"}}]}),
            podCidr="10.0.0.0/24",
        )
        assert verdict(sure, "every pod shop/a can reach some pod in namespace bank on tcp/80") == "holds"

    def test_one_replica_reaches_another(self) -> None:
        assert verdict(session(deployment("shop/d", 2)), "every pod can reach some pod") == "holds"
        assert verdict(session(deployment("shop/d", 1)), "every pod can reach some pod") == "violated, vacuous"


class TestSets:
    def test_sources_that_lie_in_one_cell_with_others_are_still_told_apart(self) -> None:
        """An address outside is no pod, though no policy tells the two apart."""
        mixed = session(pod("shop/a", "10.0.0.1"), closed_but(TO_WEB))
        answer = mixed.ask("every 10.0.0.0/30 can reach some address outside the cluster")
        assert answer.verdict == "violated"

    def test_a_source_whose_set_is_smaller_than_the_question_is_asked_for_alone(self) -> None:
        """What the exceptions leave of the sources is asked about, and what they take away is not."""
        few = session(pod("shop/a", "10.0.0.1"), pod("shop/b", "10.0.0.2"), closed_but(TO_WEB))
        assert verdict(few, "can pods or pod shop/a reach every 10.0.0.2 on tcp/80?") == "unreachable"

    def test_some_of_no_pod_is_an_example_of_nothing(self) -> None:
        alone = session(pod("shop/a", "10.0.0.1"))
        assert verdict(alone, "every pod can reach some pod labelled app=typo") == "violated, vacuous"
        assert verdict(alone, "every pod labelled app=typo can reach some pod") == "holds, vacuous"
        assert verdict(alone, "can some pod labelled app=typo reach every pod?") == "unreachable, vacuous"

    def test_a_pod_is_no_destination_of_its_own(self) -> None:
        two = session(pod("shop/a", "10.0.0.1"), pod("shop/b", "10.0.0.2"), network_policy("shop/b", {"app": "b"}))
        assert verdict(two, "every pod can reach some pod") == "violated"
        assert verdict(two, "every pod can reach some pod except from pod shop/a") == "violated"
        assert verdict(two, "can some pod reach every pod?") == "reachable"

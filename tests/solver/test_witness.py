"""The address and the port that a witness shows, of those that are right."""

from __future__ import annotations

import pytest

from reachproof.network.address import format_address, parse_cidrs
from reachproof.network.flow import External
from reachproof.network.options import Options
from reachproof.network.snapshot import Snapshot
from reachproof.solver.universe import Point
from reachproof.solver.witness import telling_address
from tests.semantics.stage import JOB

RANGES = Options(pod_range=parse_cidrs(("34.0.0.0/16",)), service_range=parse_cidrs(("35.0.0.0/16",)))


@pytest.mark.parametrize(
    ("cidrs", "shown"),
    [
        (("203.0.112.0/24",), "203.0.112.1"),  # none that ends in zero
        (("203.0.112.0/32",), "203.0.112.0"),  # unless there is no other
        (("8.8.4.4/32", "8.8.8.0/24"), "8.8.8.1"),  # of a range rather than a single one
        (("8.8.4.4/32", "8.8.8.8/32"), "8.8.4.4"),
        (("7.7.7.8/30",), "7.7.7.8"),
        (("10.0.0.0/8", "34.0.0.0/16", "36.0.0.0/8"), "36.0.0.1"),  # of the internet, and not of the cluster
        (("10.0.0.0/8", "34.0.0.0/16"), "10.0.0.1"),
        (("34.0.0.0/16",), "34.0.0.1"),
    ],
)
def test_the_address_outside_that_tells_most(cidrs: tuple[str, ...], shown: str) -> None:
    outside = Point(External(), parse_cidrs(cidrs))
    assert format_address(telling_address(Snapshot(options=RANGES), outside)) == shown


def test_of_a_pod_whose_address_is_not_known_the_first_that_does_not_end_in_zero() -> None:
    job = Point(JOB, parse_cidrs(("10.0.0.0/8", "34.0.0.0/16")))
    assert format_address(telling_address(Snapshot(options=RANGES), job)) == "10.0.0.1"

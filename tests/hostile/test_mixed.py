"""Good and hostile requests mixed: no wrong answer, no failure of the service; the nightly run sends 20,000."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from reachproof.manifests import load
from tests.api.running_service import running
from tests.hostile.__main__ import stored
from tests.hostile.bad import BAD, Bad, Maker
from tests.hostile.good import TENANTS, Good, good_requests
from tests.hostile.run import Seen, attack, mixed, truth_of


@pytest.fixture(scope="module")
def good() -> list[Good]:
    return good_requests(load(TENANTS))


def sent(requests: list[Good | Bad], good: list[Good], folder: Path, clients: int = 4) -> Seen:
    with running(load(TENANTS), workers=2, database_url=f"sqlite:///{folder}/store.db") as service:
        stored(service.port)
        return attack(service.port, iter(requests), truth_of(good), clients=clients)


def test_no_answer_is_wrong_among_hostile_requests(good: list[Good], tmp_path: Path) -> None:
    seen = sent(list(islice(mixed(random.Random(0), good), 150)), good, tmp_path)
    assert seen.wrong == []
    assert seen.requests == 150
    assert seen.statuses["200"] > 50
    assert sum(count for status, count in seen.statuses.items() if status.startswith("4")) > 40


def test_an_answer_that_is_not_the_expected_one_is_told(good: list[Good], tmp_path: Path) -> None:
    lie = replace(good[0], expected={**good[0].expected, "verdict": "violated"})
    [told] = sent([lie], good, tmp_path, clients=1).wrong
    assert told.startswith('/query {"query": "tenant A is isolated from tenant B", "snapshot": "prod"}: ')


@pytest.mark.parametrize("make", BAD)
def test_every_kind_of_hostile_request_is_made_anew_from_a_seed(make: Maker) -> None:
    made = [make(random.Random(seed)) for seed in (3, 3)]
    assert made[0] == made[1]
    assert made[0].kind

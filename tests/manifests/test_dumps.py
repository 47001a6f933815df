"""What `kubectl get -o yaml` and `-o json` printed of one cluster on a real API server says what its manifests say.

tests/live/dumps.py made the files; `make live` makes them anew and compares.
"""

from __future__ import annotations

import pytest

from tests.live.dumps import APPLIED, DUMPED, READINGS, answers, read


@pytest.mark.parametrize("reading", READINGS)
def test_yaml_and_json_of_a_server_are_one_cluster_and_answer_as_what_was_applied(reading: str) -> None:
    from_yaml, from_json = (read(DUMPED, reading, form) for form in ("yaml", "json"))
    assert from_yaml.digest == from_json.digest
    assert len(from_yaml.policies) == len(read(APPLIED, reading, "yaml").policies) >= 7
    assert answers(from_yaml) == answers(from_json)
    assert answers(from_yaml, notices=False) == answers(read(APPLIED, reading, "yaml"), notices=False)

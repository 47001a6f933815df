"""The forks that stand in for the program in other tests are like it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from tests.forks import installed_on_path
from tests.house.places import ROOT

SESSION = """\
cd queries/examples/tenants
reachproof query -f - --no-such < cluster.yaml
echo $?
asked="every pod can reach service kube-system/kube-dns on udp/53"
(cat cluster.yaml; echo ---; cat shop-policies.yaml) | reachproof query -q -f - "$asked" | tee /dev/stderr
echo ${PIPESTATUS[1]}
"""


def shown(environment: Mapping[str, str]) -> tuple[str, str]:
    done = subprocess.run(
        ["bash", "-c", SESSION], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout, done.stderr


def test_a_fork_reads_writes_and_ends_as_the_installed_program_does(forks: Mapping[str, str]) -> None:
    installed = shown(installed_on_path())
    assert shown(forks) == installed
    assert "VIOLATED" in installed[0] and installed[0].endswith("\n1\n")

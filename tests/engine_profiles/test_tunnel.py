"""Words for what the network sees of a flow."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from reachproof.engines.tunnel import seen
from reachproof.manifests.load import load_text
from reachproof.network.options import AmbientPort, Options
from tests.cases.case import expectations

CASES = Path(__file__).resolve().parents[1] / "cases" / "hbone.yaml"
CLUSTER = yaml.safe_load(CASES.read_text(encoding="utf-8"))[0]["cluster"]
TUNNEL = ", which the network sees as tcp/15008 (HBONE)"
EITHER = ", which the network sees as that or as tcp/15008 (HBONE)"


@pytest.mark.parametrize(
    ("flow", "words"),
    [
        ("a/x -> a/w tcp/80", TUNNEL),
        ("a/x -> s/out tcp/80", TUNNEL),
        ("a/x -> a/w udp/80", ""),
        ("a/x -> a/by tcp/80", EITHER),
        ("a/x -> s/c tcp/80", ""),
        ("a/x -> a/late tcp/80", ""),
        ("s/c -> a/w tcp/80", EITHER),
        ("g/gate -> a/w tcp/80", EITHER),
        ("s/out -> a/w tcp/80", ""),
        ("s/out -> a/w tcp/81", EITHER),
        ("out/p -> a/w tcp/80", ""),
        ("node n1 -> a/w tcp/80", ""),
        ("8.8.8.8 -> a/w tcp/80", ""),
    ],
)
def test_a_flow_in_a_tunnel_is_told_with_its_port(flow: str, words: str) -> None:
    snapshot = load_text(CLUSTER)
    (placed,) = expectations(snapshot, (f"{flow}: allow",))
    assert seen(snapshot, placed.flow) == words
    unknown = load_text(CLUSTER, options=Options(ambient_port=AmbientPort.UNKNOWN))
    assert seen(unknown, placed.flow) == (EITHER if words else "")
    assert seen(load_text(CLUSTER, options=Options(ambient_port=AmbientPort.ORIGINAL)), placed.flow) == ""

"""Names of what programs have beside the policies of the input: policies and rules that implementations add.

`semantics` knows them by these names to say what they are; no verdict rests on a name.
"""

from __future__ import annotations

from reachproof.network.policy import PolicyRef, Rule
from reachproof.network.tier import BUILT_IN


def _added(name: str) -> PolicyRef:
    return PolicyRef(kind="", namespace="", name=name)


EXEMPTION = _added("node exemption")
"""NetworkPolicy v1: a pod accepts what its own node sends."""
ENFORCED_ALWAYS = _added("enforcement mode always")
"""Isolates every pod, with the option `enforcement: always`."""
WAYPOINT = _added("waypoint")
"""Leaves open what a waypoint of the mesh does."""
PAST_MESH = _added("past the mesh")
"""Lets past the mesh what its proxies do not see."""
LOCAL_HOST = "local host"
"""The rule by which an isolated pod accepts its own node."""
END_OF_TIER = "end of tier"
"""The rule by which a tier denies what it selects and no policy of it decides."""


def ends_tier(rule: Rule) -> bool:
    """True of the rule by which a tier ends in deny."""
    return rule.origin == BUILT_IN and rule.name == END_OF_TIER

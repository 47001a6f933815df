"""The YAML in the proposals of network-policy-api (NPEP-126, 133, 285, user story 4) was never valid; we say why.

Written anew, with the same mistakes: the wrong API version for the kind, Allow for Accept, `notIn`, `to` under
ingress, a destinationPort beside tcp, no priority.
"""

from __future__ import annotations

import pytest

from reachproof.network.options import Options
from tests.manifests.given import problems

CASES = [
    (
        "a ClusterNetworkPolicy in the version of the older kinds (NPEP-126)",
        """\
apiVersion: policy.networking.k8s.io/v1alpha1
kind: ClusterNetworkPolicy
metadata: {name: nodes}
spec: {}
""",
        [
            'f.yaml:1 ClusterNetworkPolicy nodes apiVersion: found "policy.networking.k8s.io/v1alpha1", '
            'expected "policy.networking.k8s.io/v1beta1" or "policy.networking.k8s.io/v1alpha2", the versions of '
            "ClusterNetworkPolicy that are supported"
        ],
    ),
    (
        "an egress rule written with the old action and to under ingress (NPEP-126)",
        """\
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: nodes}
spec:
  tier: Admin
  priority: 55
  subject: {namespaces: {}}
  ingress:
    - name: to-the-nodes
      action: Allow
      to:
        - nodes: {}
""",
        [
            'f.yaml:10 ClusterNetworkPolicy nodes spec.ingress[0].action: found "Allow", '
            "expected Accept, Deny or Pass; ClusterNetworkPolicy writes Accept where AdminNetworkPolicy writes Allow",
            "f.yaml:11 ClusterNetworkPolicy nodes spec.ingress[0].to: unknown field `to`; an ingress "
            "rule names its peers in from",
        ],
    ),
    (
        "an operator in the wrong case (user story 4)",
        """\
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: tenants}
spec:
  priority: 10
  subject:
    namespaces:
      matchExpressions:
        - {key: tenant, operator: notIn, values: [ops]}
""",
        [
            "f.yaml:9 AdminNetworkPolicy tenants spec.subject.namespaces.matchExpressions[0].operator: "
            'found "notIn", expected In, NotIn, Exists or DoesNotExist; did you mean `NotIn`?'
        ],
    ),
    (
        "a destinationPort that is not indented below tcp (NPEP-133)",
        """\
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: names}
spec:
  tier: Admin
  subject: {namespaces: {}}
  egress:
    - action: Accept
      to:
        - domainNames: ["*.example.com"]
      protocols:
        - tcp:
          destinationPort:
            number: 443
""",
        [
            "f.yaml:4 ClusterNetworkPolicy names spec.priority: missing; expected a whole number from 0 to 1000",
            "f.yaml:12 ClusterNetworkPolicy names spec.egress[0].protocols[0].tcp: missing; expected "
            "destinationPort; all ports of a protocol are destinationPort: {range: {start: 1, end: 65535}}",
            "f.yaml:13 ClusterNetworkPolicy names spec.egress[0].protocols[0].destinationPort: "
            "unknown field `destinationPort`; destinationPort belongs inside tcp, udp or sctp; "
            "indent it by one more step",
        ],
    ),
    (
        "a tier in lower case (NPEP-285)",
        """\
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: tiers}
spec: {tier: baseline, priority: 1, subject: {namespaces: {}}}
""",
        [
            'f.yaml:4 ClusterNetworkPolicy tiers spec.tier: found "baseline", expected Admin or Baseline; '
            "did you mean `Baseline`?"
        ],
    ),
    (
        "the peers of v0.1.1, still on the blog",
        """\
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: same}
spec:
  priority: 1
  subject: {namespaces: {}}
  ingress:
    - action: Pass
      from:
        - namespaces:
            sameLabels: [tenant]
""",
        [
            "f.yaml:11 AdminNetworkPolicy same spec.ingress[0].from[0].namespaces.sameLabels: "
            "unknown field `sameLabels`; since v0.1.5 namespaces is the label selector itself "
            "(matchLabels, matchExpressions)"
        ],
    ),
]


@pytest.mark.parametrize(("text", "expected"), [pytest.param(text, found, id=claim) for claim, text, found in CASES])
def test_is_refused(text: str, expected: list[str]) -> None:
    found = problems(text, options=Options(strict=True))
    assert [str(problem) for problem in found] == expected

"""An implementation of network policy: the choices that the specifications leave, and how it arranges policies.

| Choice | default | why it is open |
|---|---|---|
| `last_admin_priority` | none | implementations that do not program higher AdminNetworkPolicy priorities |
| `cidr_matches` | all | whether ipBlock matches pods and nodes |
| `kinds_not_read` | none | kinds that the implementation does not know |
| `denying_names` | unknown | domain names are defined for rules that allow only |
| `selection_ends_baseline` | no | whether a pod selected by a NetworkPolicy of the other direction meets the baseline |

Each implementation has a module with its profiles, one per release that is modelled; `engines.registry` has them all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from reachproof.engines.host_network import unmarked
from reachproof.engines.selector_text import ACCOUNT
from reachproof.network.errors import Problem
from reachproof.network.options import CidrMatches, Cni, Enforcement, Options
from reachproof.network.policy import Match, Policy
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import Programs


class DenyingNames(Enum):
    """The effect of domain names in a rule that does not allow."""

    UNKNOWN = auto()
    MATCHED = auto()  # as in rules that allow
    DENY_ALL = auto()  # the rule denies everything
    NOT_PROGRAMMED = auto()  # the policy has no effect


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineProfile(ABC):
    """One release of one implementation; the defaults leave open what the specifications leave open.

    `version`: the release, empty where releases do not differ in what is read here. `title`: its name in messages.
    `api_groups` and `agents`: API groups that it alone has, and names of its DaemonSets, with the container in which
    its agent runs.

    How it reads manifests. `own_reading`: otherwise than the others, so that another profile needs the manifests.
    `late_reading`: every policy may refer to other objects. `invalid_is_nothing`: selectors and port ranges that API
    servers stored although they are not valid match nothing. `takes_any_value`: selectors of NetworkPolicies take
    values that no label can have. `programs_names`: it can program domain names.
    `learns_names`: it knows addresses of names from DNS that rules let through. `names_in_cidrs`: port names hold for
    pods in a CIDR. `names_of_tcp`: port names without a protocol are ports of TCP. `own_cluster_only`: every selector
    of pods asks for the label of the own cluster, which nodes and the outside do not have. `clustered`: the cluster has
    a name that policies can use. `rules_outside_types`: rules of a NetworkPolicy apply, and isolate, also in a
    direction that policyTypes leaves out. `last_of_port_name`: a port name that a pod declares more than once stands
    for the last of them. `one_number_per_name`: a port name of an egress rule is looked up once for the whole cluster,
    and stands for that number whatever the peer declares. `groups_beyond_cidrs`: conditions on groups of CIDRs that
    only rule labels out hold for pods and nodes too. `one_value_per_label`: of groups of CIDRs that give an address
    several values of a label one wins, and which is not known. `namespaces_beyond_pods`: a `namespaces` peer that only
    rules labels out selects nodes and the outside; `namespaces_of_anything`: so does a peer of NetworkPolicy with such
    selectors. `namespaces_of_sets`: a `namespaces` peer selects sets of addresses too. `gated_kinds`: kinds that a
    setting of the cluster must turn on. `account_key`: the key that selectors have for the name of a service account.

    How its isolation is read. `isolation_open`: nobody says whether isolation in one direction keeps the baseline tier
    away in the other. `baseline_first`: the baseline tier comes before isolation. `own_kinds`: which of its kinds count
    as network policies, in words. `tiers_by_name`: its tiers have names that users give.
    """

    name: Cni
    title: str = ""
    version: str = ""
    api_groups: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    agent_container: str = ""
    kinds_not_read: frozenset[str] = frozenset()
    cidr_matches: CidrMatches = CidrMatches.ALL
    last_admin_priority: int | None = None
    own_reading: bool = False
    late_reading: bool = False
    invalid_is_nothing: bool = False
    takes_any_value: bool = False
    denying_names: DenyingNames = DenyingNames.UNKNOWN
    programs_names: bool = True
    learns_names: bool = False
    names_in_cidrs: bool = False
    names_of_tcp: bool = False
    own_cluster_only: bool = False
    clustered: bool = False
    rules_outside_types: bool = False
    last_of_port_name: bool = False
    one_number_per_name: bool = False
    groups_beyond_cidrs: bool = False
    one_value_per_label: bool = False
    namespaces_beyond_pods: bool = False
    namespaces_of_anything: bool = False
    namespaces_of_sets: bool = False
    gated_kinds: frozenset[str] = frozenset()
    account_key: str = ACCOUNT
    selection_ends_baseline: bool = False
    isolation_open: bool = False
    baseline_first: bool = False
    own_kinds: str = ""
    tiers_by_name: bool = False

    @property
    def reading_of_stored(self) -> tuple[bool, DenyingNames]:
        """The choices on which it depends how objects with the assumption STORED_AS_IT_IS are read."""
        return self.invalid_is_nothing, self.denying_names

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" if self.version else str(self.name)

    @abstractmethod
    def arranged(self, policies: list[Policy], options: Options) -> Programs:
        """The programs of these policies, which are in force, in order of priority, kind, namespace and name."""

    def refusal(self, options: Options) -> Problem | None:
        """The reason why the options cannot be had with this profile."""
        if options.enforcement is not Enforcement.ALWAYS:
            return None
        message = f"always needs the option cni {Cni.CILIUM} (got {self.name})"
        return Problem(file="options", path="enforcement", message=message)

    def sees_label(self, key: str) -> bool:
        """False if no selector of pods sees labels of this key."""
        return True

    def as_selected(self, policy: Policy) -> Policy:
        """The policy with selectors that say what they select here."""
        return policy

    def with_hosts(self, policy: Policy, cluster: Snapshot) -> Policy:
        """The policy with rules for traffic of the host network, where it is not seen as that of nodes alone."""
        return unmarked(policy)

    def settled(self, unread: Policy, others: Sequence[Policy]) -> Policy:
        """The stand-in of an object that is not read, as far as its contents are known to be enforced."""
        return unread

    def selects_hosts(self, match: Match, cluster: Snapshot) -> bool:
        """True if a match of ingress selects traffic of the host network by labels."""
        return False

    def tier_name(self, policy: Policy) -> str | None:
        """The name of the tier of the policy, where users give names to tiers."""
        return None

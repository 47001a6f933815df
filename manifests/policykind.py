"""What a policy kind is to the registry, and what lowering one is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reachproof.manifests.fields import Field
from reachproof.network.options import Channel, Options
from reachproof.network.policy import Policy, PolicyRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """How the policies are to be read."""

    options: Options

    @property
    def experimental(self) -> bool:
        """Whether the cluster has the experimental CRDs."""
        return self.options.channel is Channel.EXPERIMENTAL


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyKind:
    """One kind in one API version.

    `lower(object, reference, context)` gives the policy; it is meaningless where problems were reported.
    """

    group: str
    version: str
    kind: str
    namespaced: bool
    lower: Callable[[Field, PolicyRef, Context], Policy]

    @property
    def api_version(self) -> str:
        """As in the manifest."""
        return f"{self.group}/{self.version}"

"""Detection of the implementation that an input shows, for `cni: auto`.

| Sign | Shows |
|---|---|
| a policy, or what policies refer to, of an API group that one implementation alone has | that one |
| a DaemonSet with the name of its agent | that one |
| neither, but an object of such a group that is not read | that one, if all of these are of one |

Nothing is guessed from labels or node names. Trusted by every verdict with `cni: auto`, which says in a notice what was
found; checked by tests/manifests/test_detect.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reachproof.engines.registry import PROFILES
from reachproof.manifests.object_identity import Manifest
from reachproof.network.cluster import Notice
from reachproof.network.errors import Problem
from reachproof.network.options import Cni
from reachproof.network.origin import Origin

_GROUPS = {group: profile.name for profile in PROFILES.values() for group in profile.api_groups}
_AGENTS = {agent: profile.name for profile in PROFILES.values() for agent in profile.agents}


@dataclass(slots=True)
class Signs:
    """The first sign of each implementation, in order of appearance; `hints` count where there is no other."""

    found: dict[Cni, tuple[str, Origin]] = field(default_factory=dict)
    hints: dict[Cni, tuple[str, Origin]] = field(default_factory=dict)

    def add(self, manifest: Manifest, *, hint: bool = False) -> None:
        """Looks at an object; `hint`: it is one that is not read."""
        shown = _GROUPS.get(manifest.group)
        if shown is None and manifest.kind == "DaemonSet":
            shown = _AGENTS.get(manifest.name)
        if shown is not None:
            signs = self.hints if hint else self.found
            signs.setdefault(shown, (f"{manifest.subject} of {manifest.api_version}", manifest.origin))

    def verdict(self) -> tuple[Cni, Notice] | Problem:
        """The one implementation that the objects show, `spec` if none, each with a notice; a problem where several."""
        hints = self.hints if len(self.hints) == 1 else {}
        match list((self.found or hints).items()):
            case []:
                text = (
                    "cni auto: nothing in the input shows an implementation; what is left open stays open, as with spec"
                )
                return Cni.SPEC, Notice(code="CNI_NOT_FOUND", text=text)
            case [(cni, (sign, origin))]:
                return cni, Notice(code="CNI_FOUND", text=f"cni auto: {cni}, since the input has {sign}", origin=origin)
            case several:
                shown = " and ".join(f"of {cni} ({sign}, {origin})" for cni, (sign, origin) in several)
                message = f"signs {shown}; set the option cni to choose one"
                return Problem(file="options", path="cni", message=message)

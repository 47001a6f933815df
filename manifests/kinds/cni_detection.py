"""Detection of the implementation that an input shows, for `cni: auto`, the default, and of its release.

| Sign | Shows |
|---|---|
| a policy, or what policies refer to, of an API group that one implementation alone has | that one |
| a DaemonSet with the name of its agent | that one |
| neither, but an object of such a group that is not read | that one, if all of these are of one |
| the version in the tag of the image that its agent runs, `v1.18.3` | that release |

Nothing is guessed from labels or node names. Trusted by every verdict without a `cni` or without a release, which says
in a notice what was found. That nothing was found is said only to those who asked for `auto`. Checked by
tests/manifests/test_calico.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from reachproof.engines.registry import PROFILES, RELEASES, profile_of, release_not_modelled
from reachproof.manifests.inventory_fields import Watched
from reachproof.manifests.object_identity import Manifest
from reachproof.network.cluster import Notice
from reachproof.network.errors import Problem
from reachproof.network.options import Cni, Options
from reachproof.network.origin import Origin

_GROUPS = {group: profile.name for profile in PROFILES.values() for group in profile.api_groups}
_TAG = re.compile(r"(.*:v?(\d+\.\d+)(?:\.\d+)?(?:-[\w.-]*)?)(?:@.*)?")
_AGENTS = {agent: profile.name for profile in PROFILES.values() for agent in profile.agents}


def release_of(manifest: Manifest) -> str:
    """The release that the image of an agent shows, such as `1.18`; empty where it shows none."""
    profile = PROFILES[_AGENTS[manifest.name]] if manifest.name in _AGENTS else None
    if profile is None or not profile.agent_container or manifest.kind != "DaemonSet":
        return ""
    inner: object = manifest.body
    for name in ("spec", "template", "spec", "containers"):
        inner = inner.get(name) if isinstance(inner, dict) else None
    for container in inner if isinstance(inner, list) else ():
        if isinstance(container, dict) and container.get("name") == profile.agent_container:
            found = _TAG.fullmatch(str(container.get("image")))
            if isinstance(container, Watched):
                container.as_if("image", found[1] if found else "")  # of which the rest is not stored
            return found[2] if found else ""
    return ""


def is_open(options: Options) -> bool:
    """True if it takes other objects to know how policies are read: signs, agents, the configuration of the agents."""
    return options.cni is Cni.AUTO or _lacks_release(options) or PROFILES[options.cni].clustered


def _lacks_release(options: Options) -> bool:
    return not options.release and len(RELEASES[options.cni]) > 1


@dataclass(slots=True)
class Signs:
    """The first sign of each implementation, in order of appearance, and of the releases of each.

    `hints` count where there is no other sign.
    """

    found: dict[Cni, tuple[str, Origin]] = field(default_factory=dict)
    hints: dict[Cni, tuple[str, Origin]] = field(default_factory=dict)
    releases: dict[Cni, dict[str, tuple[str, Origin]]] = field(default_factory=dict)

    def add(self, manifest: Manifest, *, hint: bool = False) -> None:
        """Looks at an object; `hint`: it is one that is not read."""
        shown = _GROUPS.get(manifest.group)
        if shown is None and manifest.kind == "DaemonSet":
            shown = _AGENTS.get(manifest.name)
        if shown is not None:
            signs = self.hints if hint else self.found
            signs.setdefault(shown, (f"{manifest.subject} of {manifest.api_version}", manifest.origin))
        if release := release_of(manifest):
            of = self.releases.setdefault(_AGENTS[manifest.name], {})
            of.setdefault(release, (manifest.subject, manifest.origin))

    def shown_releases(self) -> list[tuple[str, str]]:
        """Implementations and releases, as the agents in the input show them."""
        return sorted((str(cni), release) for cni, releases in self.releases.items() for release in releases)

    def settled(self, options: Options) -> tuple[Options, list[Notice]] | Problem:
        """The options with what the objects show in the place of `auto` and of a release, and what to say about it."""
        if options.cni is not Cni.AUTO:
            return self._with_release(options)
        found = self.verdict()
        if isinstance(found, Problem):
            return found
        cni, notice = found
        unasked = cni is Cni.SPEC and not options.cni_given
        options, notices = self._with_release(replace(options, cni=cni, cni_given=False))
        return options, notices if unasked else [notice, *notices]

    def _with_release(self, options: Options) -> tuple[Options, list[Notice]]:
        shown = self.releases.get(options.cni, {})
        notices: list[Notice] = []
        if _lacks_release(options) and len(shown) == 1:
            [(release, (subject, origin))] = shown.items()
            options = replace(options, release=release)
            text = f"{options.cni}@{release}, since {subject} runs that release"
            notices.append(Notice(code="RELEASE_FOUND", text=text, origin=origin))
        beyond = release_not_modelled(options)
        return options, notices + ([beyond] if beyond is not None else [])

    def contradictions(self, options: Options) -> Iterator[Notice]:
        """Warnings about agents of a release that is judged otherwise than the one that the options have."""
        taken = profile_of(options)
        for release, (subject, origin) in sorted(self.releases.get(options.cni, {}).items()):
            if profile_of(replace(options, release=release)) is taken:
                continue
            given = f"{options.cni}@{options.release}" if options.release else f"{taken}"
            text = (
                f"answers are about {given}, but {subject} runs {options.cni}@{release}, which reads some policies "
                f"otherwise; {_advice(options, len(self.releases[options.cni]))}"
            )
            yield Notice(code="RELEASE_CONTRADICTED", text=text, origin=origin)

    def verdict(self) -> tuple[Cni, Notice] | Problem:
        """The one implementation that the objects show, `spec` if none, each with a notice; a problem where several."""
        hints = self.hints if len(self.hints) == 1 else {}
        match list((self.found or hints).items()):
            case []:
                text = "cni auto: nothing in the input shows an implementation; what it would decide is undetermined"
                return Cni.SPEC, Notice(code="CNI_NOT_FOUND", text=text)
            case [(cni, (sign, origin))]:
                return cni, Notice(code="CNI_FOUND", text=f"cni {cni}, since the input has {sign}", origin=origin)
            case several:
                shown = " and ".join(f"of {cni} ({sign}, {origin})" for cni, (sign, origin) in several)
                message = f"signs {shown}; set the option cni to choose one"
                return Problem(file="options", path="cni", message=message)


def _advice(options: Options, shown: int) -> str:
    """The option that would be right: with agents of one release it is found where none is given."""
    if options.release and shown == 1:
        return f"leave the release out to have that one: cni {options.cni}"
    return f"give the release as cni {options.cni}@VERSION"

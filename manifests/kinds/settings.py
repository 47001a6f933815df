"""Settings of implementations that the input shows, as far as verdicts depend on them: they become model options.

| Object | Setting | Here |
|---|---|---|
| cilium-config | `policy-cidr-match-mode` | the option cidrMatches, unless given |
| | `enable-policy` always or never, `policy-audit-mode` | the option enforcement, unless given |
| | `enable-...-network-policy`, `enable-k8s-networkpolicy` | policies of the kind have no effect |
| | `labels`, `enable-l7-proxy`, `enable-non-default-deny-policies`, values not known | an assumption |
| | `cluster-name`, `policy-default-local-cluster` | read with the policies (`kinds.cilium.own_cluster`) |
| antrea-config | the feature gates AdminNetworkPolicy, AntreaPolicy | policies of the admin kinds have no effect |
| istio | `trustDomain`, `trustDomainAliases`, `rootNamespace` | the options of these names, unless given |

All are ConfigMaps. Settings that leave verdicts open are rows of `kinds.not_read`. Those of Cilium and Antrea count
under their `cni` alone. Sources: the flags of cilium-agent, Antrea's page on AdminNetworkPolicy, Istio's MeshConfig.

Trusted by every verdict about an input with such objects; checked by tests/manifests/test_settings.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from reachproof.engines.registry import PROFILES
from reachproof.manifests.kinds.cilium import own_cluster
from reachproof.manifests.kinds.istio.mesh_config import mapping_of, mesh_config
from reachproof.manifests.object_identity import Manifest
from reachproof.network.cluster import Notice
from reachproof.network.errors import Problem
from reachproof.network.options import ROOT_NAMESPACE, CidrMatches, Cni, Enforcement, Options

_ADMIN_KINDS = tuple(sorted(PROFILES[Cni.ANTREA].gated_kinds))
_MODES = {
    "": CidrMatches.WORLD,
    "nodes": CidrMatches.WORLD_AND_NODES,
    "pods": CidrMatches.WORLD_AND_PODS,
    "nodes pods": CidrMatches.ALL,
}
_ENFORCED = {"default": Enforcement.ALL, "always": Enforcement.ALWAYS, "never": Enforcement.NONE}
_KINDS = {
    "enable-k8s-networkpolicy": "NetworkPolicy",
    "enable-cilium-network-policy": "CiliumNetworkPolicy",
    "enable-cilium-clusterwide-network-policy": "CiliumClusterwideNetworkPolicy",
}
_MODE, _POLICY, _AUDIT = "policy-cidr-match-mode", "enable-policy", "policy-audit-mode"
_LABELS, _L7, _DENY = "labels", "enable-l7-proxy", "enable-non-default-deny-policies"
_CILIUM = (_MODE, _POLICY, _AUDIT, *_KINDS, _LABELS, _L7, _DENY)
_ANTREA, _CONTROLLER = "antrea-config", "antrea-controller.conf"
_GATES = ("AdminNetworkPolicy", "AntreaPolicy")
_MESH = ("trustDomain", "trustDomainAliases", "rootNamespace")
Found = tuple[tuple[str, str], ...]
"""Names of settings with their values, in the words of the object."""


def is_settings(manifest: Manifest) -> bool:
    """True if the object holds settings that are read."""
    return own_cluster.is_config(manifest) or _is_antrea(manifest) or _is_mesh(manifest)


def shown(manifest: Manifest) -> str:
    """The settings of an object that are read, as one text; looks at nothing else of it."""
    own = own_cluster.shown(manifest) if own_cluster.is_config(manifest) else manifest.name
    return " ".join((own, *(f"{name}={value}" for name, value in _found(manifest))))


@dataclass(slots=True)
class SettingsFound:
    """The objects of one input that hold settings; what contradicts each other goes to `problems`."""

    problems: list[Problem]
    manifests: list[Manifest] = field(default_factory=list)

    def cluster_configs(self) -> list[Manifest]:
        """The configurations of Cilium's agents."""
        return [each for each in self.manifests if own_cluster.is_config(each)]

    def gate_assumed(self, kinds: Iterable[str], options: Options) -> Iterator[Notice]:
        """The assumption that Antrea's feature gate is on, where policies are there for it and the input shows none."""
        found = [kind for kind in _ADMIN_KINDS if kind in set(kinds)]
        if options.cni is Cni.ANTREA and found and not any(map(_is_antrea, self.manifests)):
            text = (
                "Antrea's feature gate AdminNetworkPolicy is taken to be on, since the input has "
                f"{' and '.join(found)}; it is off by default, and the ConfigMap {_ANTREA} shows it"
            )
            yield Notice(code="FEATURE_GATE", text=text)

    def settled(self, options: Options) -> tuple[Options, list[Notice]]:
        """The options with what the objects say, and the assumptions about it."""
        notices: list[Notice] = []
        if options.cni is Cni.CILIUM:
            options = _of_cilium(options, self._agreed(self.cluster_configs()), notices)
        if options.cni is Cni.ANTREA:
            options = _of_antrea(options, self._agreed(list(filter(_is_antrea, self.manifests))), notices)
        return _of_mesh(options, self._agreed(list(filter(_is_mesh, self.manifests))), notices), notices

    def _agreed(self, manifests: list[Manifest]) -> Mapping[str, tuple[str, Manifest]]:
        """The value of each setting, and an object that has it. Two objects that differ are a problem."""
        found: dict[str, tuple[str, Manifest]] = {}
        for manifest in manifests:
            for name, value in _found(manifest):
                other, first = found.setdefault(name, (value, manifest))
                if other != value:
                    message = f"{first.subject} says otherwise ({other}); leave one of them out"
                    self.problems.append(manifest.problem(message, f"data.{name}"))
        return found


Agreed = Mapping[str, tuple[str, Manifest]]


def _of_cilium(options: Options, found: Agreed, notices: list[Notice]) -> Options:
    for name in sorted(found, key=lambda each: each != _AUDIT):  # in audit mode nothing is enforced, also by `always`
        value, manifest = found[name]
        if name == _MODE and options.cidr_matches is None and value in _MODES and value:
            options = replace(options, cidr_matches=_MODES[value])
            notices.append(_notice(manifest, name, value, f"read as cidrMatches {_MODES[value]}"))
        elif name == _POLICY and value in _ENFORCED:
            options = _enforced(options, manifest, (name, value, _ENFORCED[value]), notices)
        elif name == _AUDIT and _flag(value) is True:
            options = _enforced(options, manifest, (name, value, Enforcement.NONE), notices)
        elif name in _KINDS and _flag(value) is False:
            options = replace(options, kinds_off=options.kinds_off | {_KINDS[name]})
            notices.append(_notice(manifest, name, value, f"{_KINDS[name]} has no effect"))
        elif not _has_no_effect(name, value):
            text = f"{manifest.name} sets {name} to {value}, whose effect is not modelled; answers ignore it"
            notices.append(Notice(code="SETTING_NOT_MODELLED", text=text, origin=manifest.origin))
    return options


def _has_no_effect(name: str, value: str) -> bool:
    """True if a setting that was not taken over changes nothing, or an option of the user comes before it."""
    match name:
        case "policy-cidr-match-mode":
            return value in _MODES
        case "enable-policy":
            return value in _ENFORCED
        case "labels":
            return not value
        case "enable-l7-proxy" | "enable-non-default-deny-policies":
            return _flag(value) is True
        case _:
            return _flag(value) is not None


def _enforced(
    options: Options, manifest: Manifest, said: tuple[str, str, Enforcement], notices: list[Notice]
) -> Options:
    """The options with what the agents enforce, unless an option asks for something else than the default."""
    name, value, meant = said
    if options.enforcement is not Enforcement.ALL or meant is Enforcement.ALL:
        return options
    notices.append(_notice(manifest, name, value, f"read as enforcement {meant}"))
    return replace(options, enforcement=meant)


def _of_antrea(options: Options, found: Agreed, notices: list[Notice]) -> Options:
    off = [name for name in _GATES if name in found and _flag(found[name][0]) is False]
    if not off:
        return options
    value, manifest = found[off[0]]
    notices.append(_notice(manifest, off[0], value, f"{' and '.join(_ADMIN_KINDS)} have no effect"))
    return replace(options, kinds_off=options.kinds_off | set(_ADMIN_KINDS))


def _of_mesh(options: Options, found: Agreed, notices: list[Notice]) -> Options:
    domains = [found[name][0] for name in _MESH[:2] if name in found]
    if domains and not options.trust_domains and _MESH[0] in found:
        options = replace(options, trust_domains=tuple(part for each in domains for part in each.split(",") if part))
        manifest = found[_MESH[0]][1]
        notices.append(
            _notice(manifest, _MESH[0], domains[0], f"read as trustDomain {','.join(options.trust_domains)}")
        )
    if _MESH[2] in found and options.root_namespace == ROOT_NAMESPACE:
        value, manifest = found[_MESH[2]]
        if value and value != ROOT_NAMESPACE:
            options = replace(options, root_namespace=value)
            notices.append(_notice(manifest, _MESH[2], value, f"read as rootNamespace {value}"))
    return options


def _notice(manifest: Manifest, name: str, value: str, meaning: str) -> Notice:
    said = f"{manifest.name} sets {name} to {value}" if value else f"{manifest.name} sets {name}"
    return Notice(code="SETTING_FOUND", text=f"{said}: {meaning}", origin=manifest.origin)


# ---------------------------------------------------------------- reading


def _found(manifest: Manifest) -> Found:
    """The settings that are read, in order of name."""
    if own_cluster.is_config(manifest):
        data = _data(manifest)
        return tuple(sorted((name, _plain(value)) for name in _CILIUM if (value := data.get(name)) is not None))
    return tuple(sorted(_of_controller(manifest) if _is_antrea(manifest) else _of_mesh_config(manifest)))


def _of_controller(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Feature gates; one that is not set has its default: AdminNetworkPolicy is off."""
    gates = mapping_of(_data(manifest).get(_CONTROLLER)).get("featureGates")
    held = gates if isinstance(gates, dict) else {}
    yield _GATES[0], _plain(held.get(_GATES[0], False))
    yield _GATES[1], _plain(held.get(_GATES[1], True))


def _of_mesh_config(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """The settings of a mesh of Istio that are read."""
    mesh = mesh_config(manifest.body)
    for name in _MESH:
        value = mesh.get(name)
        if isinstance(value, list):
            yield name, ",".join(map(str, value))
        elif value:
            yield name, str(value)


def _is_antrea(manifest: Manifest) -> bool:
    named = manifest.name == _ANTREA or manifest.name.startswith(f"{_ANTREA}-")
    return (manifest.group, manifest.kind) == ("", "ConfigMap") and named and _CONTROLLER in _data(manifest)


def _is_mesh(manifest: Manifest) -> bool:
    named = manifest.name == "istio" or manifest.name.startswith("istio-")
    return (manifest.group, manifest.kind) == ("", "ConfigMap") and named and "mesh" in _data(manifest)


def _data(manifest: Manifest) -> Mapping[str, object]:
    data = manifest.body.get("data")
    return data if isinstance(data, dict) else {}


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else " ".join(sorted(str(value).replace(",", " ").split()))


def _flag(value: str) -> bool | None:
    return own_cluster.FLAGS.get(value)

"""The objects of one loading that decide what may be reached, or may, and are not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from reachproof.manifests.inventory import different
from reachproof.manifests.kinds.not_read import lower
from reachproof.manifests.kinds.not_read.kind import Effect
from reachproof.manifests.kinds.not_read.registry import not_read_kind, shows_implementation, tells_of_networks
from reachproof.manifests.kinds.unmodelled import content_digest
from reachproof.manifests.object_identity import Manifest
from reachproof.network.cluster import Notice, Pod
from reachproof.network.errors import Problem
from reachproof.network.options import Options
from reachproof.network.policy import Policy

_GROUPS = "SecurityGroupPolicy"
_NO_CONTENTS = ("apiVersion", "kind", "metadata", "status")
Key = tuple[str, str, str, str]


def matters(manifest: Manifest) -> bool:
    """True if answers depend on the object, or say that they do without it."""
    row = not_read_kind(manifest)
    return tells_of_networks(manifest) if row is None else row.effect is not Effect.NOTHING


def acts(manifest: Manifest) -> bool:
    """True if a rule that may match stands for the object."""
    row = not_read_kind(manifest)
    return row is not None and row.acts


def shows_engine_of_aws(manifest: Manifest) -> bool:
    """True if the object shows that the VPC CNI of AWS enforces network policies: it is what these are made into."""
    return (manifest.group, manifest.kind) == ("networking.k8s.aws", "PolicyEndpoint")


def shows(manifest: Manifest) -> bool:
    """True if the object counts for what it shows, whatever it says."""
    return shows_implementation(manifest) or shows_engine_of_aws(manifest)


def contents(manifest: Manifest) -> tuple[str, ...]:
    """The fields in which the object says what it wants."""
    return tuple(name for name in manifest.body if name not in _NO_CONTENTS)


@dataclass(slots=True)
class NotReadObjects:
    """Objects that matter, each once; what is wrong goes to `problems`."""

    problems: list[Problem]
    _found: dict[Key, Manifest] = field(default_factory=dict)
    _engine_of_aws: bool = False

    def look_at(self, manifest: Manifest) -> None:
        """Takes note of an object that shows what others can do."""
        self._engine_of_aws = self._engine_of_aws or shows_engine_of_aws(manifest)

    @property
    def shown(self) -> tuple[str, ...]:
        """The words by which what was noted enters the digest, as far as verdicts rest on it."""
        groups = any(each.kind == _GROUPS for each in self._found.values())
        return ("network policies of the VPC CNI",) if groups and self._engine_of_aws else ()

    def add(self, manifest: Manifest) -> None:
        """Takes in an object, if it matters. The same object twice is one; two that differ are a problem."""
        if not matters(manifest):
            return
        key = (manifest.kind, manifest.group, manifest.namespace, manifest.name)
        first = self._found.setdefault(key, manifest)
        if _written(first) != _written(manifest):
            self.problems.append(manifest.problem(different(first.origin)))

    def acting(self) -> Iterator[Manifest]:
        """The objects that a rule stands for, by kind, group, namespace and name."""
        return (each for _, each in sorted(self._found.items(), key=lambda item: item[0]) if acts(each))

    def policies(self, options: Options, unknown: frozenset[str]) -> Iterator[Policy]:
        """The policies that stand for them; `unknown`: labels of which some pod has a value that is not known."""
        for manifest in self.acting():
            row = not_read_kind(manifest)
            if row is not None:
                policy = lower.standing_for(manifest, row, options, _written(manifest))
                filters = manifest.kind == _GROUPS and self._engine_of_aws
                yield lower.seen_by(lower.as_filter(policy) if filters else policy, unknown)

    def assumptions(self, pods: Iterable[Pod]) -> Iterator[Notice]:
        """Notices of every answer, about what no rule stands for; `pods` are those of the input."""
        others = [each for _, each in sorted(self._found.items(), key=lambda item: item[0]) if not acts(each)]
        rows = [(each, not_read_kind(each)) for each in others]
        labels = {(pod.namespace, value) for pod in pods for value in pod.labels.values()}
        makers = (each for each, row in rows if row is not None and row.effect is Effect.PODS)
        yield from lower.pods_not_known(each for each in makers if (each.namespace, each.name) not in labels)
        yield from lower.other_networks(each for each, row in rows if row and row.effect is Effect.OTHER_NETWORKS)
        yield from lower.unknown_kinds(each for each, row in rows if row is None)
        yield from lower.of_hosts(each for each in self.acting() if (row := not_read_kind(each)) and row.hosts)

    def __bool__(self) -> bool:
        """True if an object is among them that a rule stands for."""
        return any(True for _ in self.acting())


def warnings(policies: Iterable[Policy]) -> Iterator[Notice]:
    """The warning that counts the policies that stand for objects."""
    return lower.not_read_warning(policies)


def _written(manifest: Manifest) -> str:
    """A digest of what the object says; of one without a rule, of nothing."""
    if not acts(manifest):
        return ""
    return content_digest([manifest.group, {name: manifest.body[name] for name in contents(manifest)}])

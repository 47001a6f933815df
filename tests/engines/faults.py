"""Planted faults: a field changed in what reachproof reads, and not in what the engine reads. They must be noticed."""

from __future__ import annotations

import ipaddress
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from enum import Enum
from itertools import islice

from reachproof.manifests.errors import ManifestError
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from tests.engines.compare import Draw
from tests.engines.drawn import Case, Verdicts, flows_of, rebound
from tests.engines.engine import Engine
from tests.engines.shown import Field
from tests.strategies.vocabulary import Manifest

_OTHER = {
    "Allow": "Deny",
    "Accept": "Deny",
    "Deny": "Pass",
    "Pass": "Deny",
    "TCP": "UDP",
    "UDP": "TCP",
    "SCTP": "TCP",
    "ANY": "SCTP",
    "In": "NotIn",
    "NotIn": "In",
    "Exists": "DoesNotExist",
    "DoesNotExist": "Exists",
    "Ingress": "Egress",
    "Egress": "Ingress",
    "Admin": "Baseline",
    "Baseline": "Admin",
    **dict.fromkeys(("all", "world", "cluster", "host", "remote-node"), "none"),
    **dict.fromkeys(("none", "health", "init", "unmanaged", "ingress"), "all"),
}


class Seen(Enum):
    """The results of the faults at a field."""

    NOTICED = "noticed"
    NOT_NOTICED = "not noticed"
    REFUSED = "refused: every fault makes the manifest invalid"


MOST_CASES = 80
_SHOWED_BEFORE = 30
_SMALL = 30
_REFUSED_AT_MOST = 10
_IN_ONE_POLICY = 8
_FLOWS = 60


class Search:
    """Faults in drawn cases that have a field. Only these are asked of the engine.

    The case that showed a fault at the field when last all were tried comes first, then those with few policies.
    """

    def __init__(
        self, engine: Engine, draw: Draw, policies_of: Mapping[int, Sequence[Manifest]], shown_by: Mapping[Field, int]
    ) -> None:
        """`policies_of`: of each seed that may be drawn. `shown_by`: seeds to begin with."""
        self._engine = engine
        self._draw = draw
        self._shown_by = shown_by
        self._cases: dict[int, Case] = {}
        self._agreed: dict[int, Verdicts] = {}
        self._showed = Counter(shown_by.values())
        drawn: defaultdict[Field, list[_Drawn]] = defaultdict(list)
        for seed, policies in policies_of.items():
            size = sum(len(str(policy)) for policy in policies)
            kinds = Counter(policy["kind"] for policy in policies)
            for kind, path in {(each["kind"], path) for each in policies for path in _paths(each)}:
                drawn[kind, path].append((size, kinds[kind], seed))
        self._drawn = drawn

    def faults_at(self, kind: str, path: str, most: int = MOST_CASES) -> tuple[Seen, int | None]:
        """Noticed, if a fault at this field of this kind makes a verdict differ in one of `most` cases; in which."""
        found = Seen.REFUSED
        for number, seed in enumerate(islice(self._seeds((kind, path)), most)):
            if found is Seen.REFUSED and number == _REFUSED_AT_MOST:
                break
            for faulty in self._planted(seed, kind, path):
                found = Seen.NOT_NOTICED
                if self._differs(seed, faulty):
                    self._showed[seed] += 1
                    return Seen.NOTICED, seed
        return found, None

    def draws(self, field: Field) -> int:
        """The number of cases with the field."""
        return len(self._drawn[field])

    def _seeds(self, field: Field) -> Iterator[int]:
        """The seeds whose cases have the field: the one that is known, those that showed most faults, all others."""
        drawn = self._drawn[field]
        having = {seed for _, _, seed in drawn}
        known = [seed for seed in having if seed == self._shown_by.get(field)]
        yield from known
        showed = [seed for seed, _ in self._showed.most_common() if seed in having][:_SHOWED_BEFORE]
        yield from dict.fromkeys(seed for seed in (*showed, *_ordered(drawn)) if seed not in known)

    def _planted(self, seed: int, kind: str, path: str) -> Iterator[Snapshot]:
        """The input of reachproof with a fault, without the faults that no user could make: they are refused."""
        case = self._case(seed)
        for place, policy in enumerate(case.objects):
            if policy["kind"] == kind:
                for faulty in islice(faults(policy, path), _IN_ONE_POLICY):
                    try:
                        yield case.with_objects((*case.objects[:place], faulty, *case.objects[place + 1 :])).snapshot
                    except ManifestError:
                        continue

    def _differs(self, seed: int, faulty: Snapshot) -> bool:
        verdicts = self._agreeing(seed)
        return any(truth(faulty, rebound(faulty, flow)) is not _TRUTHS[theirs] for flow, theirs in verdicts)

    def _case(self, seed: int) -> Case:
        if seed not in self._cases:
            self._cases[seed] = self._draw(seed)
        return self._cases[seed]

    def _agreeing(self, seed: int) -> Verdicts:
        """Flows of the case of which reachproof says what the engine does."""
        if seed not in self._agreed:
            case = self._case(seed)
            verdicts = flows_of(case, self._engine, _FLOWS)
            self._agreed[seed] = [each for each in verdicts if truth(case.snapshot, each[0]) is _TRUTHS[each[1]]]
        return self._agreed[seed]


_Drawn = tuple[int, int, int]
"""The size of a case's policies, how many of them are of the kind, and the seed."""


def _ordered(drawn: Sequence[_Drawn]) -> list[int]:
    """The seeds of the smallest policies, where each field decides; then those with the most policies of the kind."""
    small = sorted(drawn)[:_SMALL]
    return list(dict.fromkeys(seed for _, _, seed in (*small, *sorted(drawn, key=lambda each: -each[1]))))


_TRUTHS = {True: Truth.ALLOWED, False: Truth.DENIED}


def _paths(value: object, path: str = "") -> Iterator[str]:
    """The path of everything in a manifest, such as `spec.ingress[].toPorts`; lists of `specs` are those of `spec`."""
    yield path.replace("specs[].", "spec.")
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _paths(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item, f"{path}[]")


def with_outer(paths: Iterable[str]) -> list[str]:
    """The fields, and those that they are in: `spec.ingress`, its entries `spec.ingress[]`. Of `specs` the entries."""
    found = []
    for path in paths:
        names = path.replace("[]", ".[]").split(".")
        found += [".".join(names[:end]).replace(".[]", "[]") for end in range(2, len(names) + 1)]
        found += [f"{path}[]"] if len(names) == 1 else []
    return list(dict.fromkeys(found))


def faults(policy: Manifest, path: str) -> Iterator[Manifest]:
    """The policy with the field changed, and without it, at each place that has it."""
    names = path.replace("[]", ".[]").split(".")
    places = [*_places(policy, names), *(_places(policy, ["specs", "[]", *names[1:]]) if names[0] == "spec" else ())]
    for place in places:
        for value in _changed(_at(policy, place)):
            yield _with(policy, place, value)
        yield _without(policy, place)


Place = tuple[str | int, ...]


def _places(value: object, names: Sequence[str]) -> Iterator[Place]:
    if not names:
        yield ()
    elif names[0] == "[]" and isinstance(value, list):
        for number, item in enumerate(value):
            yield from ((number, *rest) for rest in _places(item, names[1:]))
    elif isinstance(value, Mapping) and names[0] in value:
        yield from ((names[0], *rest) for rest in _places(value[names[0]], names[1:]))


def _at(value: object, place: Place) -> object:
    for step in place:
        value = value[step]  # type: ignore[index]
    return value


def _changed(value: object) -> Iterator[object]:
    """Other values that the field might have had."""
    match value:
        case bool():
            yield not value
        case str() if value in _OTHER:
            yield _OTHER[value]
        case str() if "/" in value and value.count(".") + value.count(":") > 1:
            yield "192.0.2.0/24" if ipaddress.ip_network(value).version == 4 else "2001:db8:ffff::/48"
        case str() if value.isdecimal():
            yield str((int(value) + 1) % 65536)
        case str():
            yield "other"
        case int():
            yield from (value // 2, value + 1, 1000 - value)
        case {"matchLabels": _} | {"matchExpressions": _}:
            yield {"matchLabels": {"other": "label"}}
        case {}:
            yield {"other": "label"}


def _with(policy: Manifest, place: Place, value: object) -> Manifest:
    found = deepcopy(policy)
    holder = _at(found, place[:-1])
    holder[place[-1]] = value  # type: ignore[index]
    return found


def _without(policy: Manifest, place: Place) -> Manifest:
    found = deepcopy(policy)
    holder = _at(found, place[:-1])
    del holder[place[-1]]  # type: ignore[attr-defined]
    return found

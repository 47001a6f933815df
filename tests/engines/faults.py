"""Planted faults: a field changed in what reachproof reads, and not in what the engine reads. They must be noticed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import islice

from reachproof.manifests.errors import ManifestError
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from tests.engines.drawn import Case, Verdicts, rebound
from tests.strategies.vocabulary import Manifest

_OTHER = {
    "Allow": "Deny",
    "Accept": "Deny",
    "Deny": "Pass",
    "Pass": "Deny",
    "TCP": "UDP",
    "UDP": "TCP",
    "SCTP": "TCP",
    "In": "NotIn",
    "NotIn": "In",
    "Exists": "DoesNotExist",
    "DoesNotExist": "Exists",
    "Ingress": "Egress",
    "Egress": "Ingress",
    "Admin": "Baseline",
    "Baseline": "Admin",
}


MOST_TRIES = 400
_IN_ONE_POLICY = 5


class Search:
    """Faults in drawn cases, some for each policy that has the field."""

    def __init__(self, cases: Iterable[tuple[Case, Verdicts]]) -> None:
        self._cases = list(cases)
        self._agreed: dict[int, Verdicts] = {}

    def finds(self, kind: str, path: str) -> bool:
        """Whether a fault at this field of this kind makes our verdicts differ where they did not, in `MOST_TRIES`."""
        return any(self._noticed(*each) for each in islice(self._planted(kind, path), MOST_TRIES))

    def _planted(self, kind: str, path: str) -> Iterator[tuple[int, Case]]:
        for number, (case, _) in enumerate(self._cases):
            for place, policy in enumerate(case.objects):
                if policy["kind"] == kind:
                    for faulty in islice(faults(policy, path), _IN_ONE_POLICY):
                        yield number, case.with_objects((*case.objects[:place], faulty, *case.objects[place + 1 :]))

    def _noticed(self, number: int, faulty: Case) -> bool:
        try:
            snapshot = faulty.snapshot
        except ManifestError:
            return False  # no fault that a user could make: the field must be there, or be of this form
        return any(
            truth(snapshot, rebound(snapshot, flow)) is not _TRUTHS[theirs] for flow, theirs in self._agreeing(number)
        )

    def _agreeing(self, number: int) -> Verdicts:
        if number not in self._agreed:
            case, verdicts = self._cases[number]
            self._agreed[number] = [each for each in verdicts if truth(case.snapshot, each[0]) is _TRUTHS[each[1]]]
        return self._agreed[number]


_TRUTHS = {True: Truth.ALLOWED, False: Truth.DENIED}


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

"""Things with labels, found by a predicate without a look at each of them.

Trusted by every verdict about policies of Calico; checked by tests/manifests/test_by_labels.py against a look at each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from reachproof.network.labels import Labels, Operator, Requirement
from reachproof.network.predicate import Conjunction, Holder, Needs, Predicate, holds

Thing = TypeVar("Thing")


class ByLabels(Generic[Thing]):
    """Things with all labels that selectors see, in a fixed order. Cost to build: linear in the labels."""

    def __init__(self, things: Iterable[tuple[Thing, Labels]]) -> None:
        self.things = tuple(things)
        self._places: dict[tuple[str, str], list[int]] = {}
        for place, (_, labels) in enumerate(self.things):
            for item in labels.items():
                self._places.setdefault(item, []).append(place)

    def meeting(self, predicate: Predicate) -> Iterator[Thing]:
        """Those of whose labels it is true, in their order.

        Cost: only what has a value that a condition names is looked at, where the predicate is a conjunction with such
        a condition.
        """
        for place in self._candidates(predicate):
            thing, labels = self.things[place]
            if holds(predicate, {Holder.POD: labels}):
                yield thing

    def _candidates(self, predicate: Predicate) -> Iterable[int]:
        found: Iterable[int] = range(len(self.things))
        fewest = len(self.things)
        for item in predicate.items if isinstance(predicate, Conjunction) else (predicate,):
            match item:
                case Needs(Requirement(key, Operator.IN, values), Holder.POD):
                    places = sorted(place for value in set(values) for place in self._places.get((key, value), ()))
                    if len(places) < fewest:
                        found, fewest = places, len(places)
                case _:
                    pass
        return found

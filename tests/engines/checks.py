"""The three claims that are made of each engine, on cases that are drawn once."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from tests.engines.compare import Answered, Suite, compare, drawn_cases
from tests.engines.coverage import Coverage
from tests.engines.engine import Engine, fields_of, running
from tests.engines.faults import MOST_CASES, Search, Seen, with_outer
from tests.engines.shown import Field, shown_by
from tests.required import missing
from tests.strategies.vocabulary import Manifest

LEAST_SHARE = 0.2
_DRAWN = 3000
_NEUTRAL_CASES = 10


@dataclass(frozen=True, kw_only=True)
class Checks:
    """An engine's cases with its verdicts."""

    suite: Suite
    engine: Engine
    cases: Sequence[Answered]

    @classmethod
    @contextmanager
    def of(cls, suite: Suite, seeds: Iterable[int]) -> Iterator[Checks]:
        if shutil.which("go") is None:
            missing(f"{suite.name} was NOT compared with: there is no Go to build its driver with (https://go.dev/dl)")
        with running(suite.name) as engine:
            yield cls(suite=suite, engine=engine, cases=list(drawn_cases(engine, suite.draw, seeds)))

    def agree(self) -> None:
        """No disagreement but by a deviation, each of which is met; a fifth is allowed, and a fifth is denied."""
        found = compare(self.cases, self.suite.deviations)
        print(found.summary())
        assert not found.unexplained, "\n".join(found.unexplained)
        assert min(found.share(True), found.share(False)) >= LEAST_SHARE, found.summary()
        met = {name for names in found.explained for name in names.split(" + ")}
        assert met >= {each.name for each in self.suite.deviations if not each.rare}, f"only met: {met}"

    def cover(self) -> None:
        """Every field that the engine's types have is drawn, or left out with a reason."""
        fields = fields_of(self.suite.name)
        assert set(fields) == set(self.suite.kinds)
        found = Coverage(fields=fields, left_out=self.suite.left_out)
        for policies in self._policies.values():
            found.add(policies)
        print(found.table())
        assert not found.missing(), "\n".join(found.missing())

    @cached_property
    def _policies(self) -> dict[int, list[Manifest]]:
        """The policies of each seed."""
        return {seed: self.suite.draw(seed).policies for seed in range(_DRAWN)}

    @cached_property
    def _search(self) -> Search:
        return Search(self.engine, self.suite.draw, self._policies, shown_by(self.suite.name))

    def search_faults(self) -> dict[Field, int]:
        """Seeds of few cases that show a fault at each field that has an effect; rare fields are searched first."""
        search = Search(self.engine, self.suite.draw, self._policies, {})
        found: dict[Field, int] = {}
        fields = [(kind, path) for kind in self.suite.kinds for path, _ in self._drawn(kind)]
        for kind, path in sorted(fields, key=search.draws):
            if not path.startswith(tuple(self.suite.neutral)):
                _, seed = search.faults_at(kind, path)
                found |= {} if seed is None else {(kind, path): seed}
        return found

    def notice_faults(self, kind: str) -> None:
        """A fault in any drawn field makes the verdicts differ; in one that is listed as without effect, none does.

        A field that holds others, and cannot be changed or left out in a valid manifest, need not be noticed.
        """
        wrong = []
        for path, leaf in self._drawn(kind):
            neutral = path.startswith(tuple(self.suite.neutral))
            seen, _ = self._search.faults_at(kind, path, _NEUTRAL_CASES if neutral else MOST_CASES)
            fine = seen is not Seen.NOTICED if neutral else seen is Seen.NOTICED or (seen is Seen.REFUSED and not leaf)
            if not fine:
                wrong.append(f"{kind} {path}: {seen.value}{', though listed as without effect' if neutral else ''}")
        assert not wrong, "\n".join(wrong)

    def _drawn(self, kind: str) -> Iterator[tuple[str, bool]]:
        """The fields that are drawn, and those that they are in: True for the former."""
        out = tuple(self.suite.left_out.get(kind, ()))
        leaves = [path for path in fields_of(self.suite.name)[kind] if not path.startswith(out)]
        for path in with_outer(leaves):
            if path in leaves or not f"{kind} {path}".startswith(tuple(self.suite.leaves_only)):
                yield path, path in leaves

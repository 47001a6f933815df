"""The three claims that are made of each engine, on cases that are drawn once."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.engines.compare import Answered, Suite, compare, drawn_cases
from tests.engines.coverage import Coverage
from tests.engines.engine import fields_of, running
from tests.engines.faults import Search
from tests.required import missing

LEAST_SHARE = 0.2
_DRAWN = 3000


@dataclass(frozen=True, kw_only=True)
class Checks:
    """An engine's cases with its verdicts."""

    suite: Suite
    cases: Sequence[Answered]

    @classmethod
    @contextmanager
    def of(cls, suite: Suite, seeds: Iterable[int]) -> Iterator[Checks]:
        if shutil.which("go") is None:
            missing(f"{suite.name} was NOT compared with: there is no Go to build its driver with (https://go.dev/dl)")
        with running(suite.name) as engine:
            yield cls(suite=suite, cases=list(drawn_cases(engine, suite.draw, seeds)))

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
        found = Coverage(fields=fields_of(self.suite.name), left_out=self.suite.left_out)
        for seed in range(_DRAWN):
            found.add(self.suite.draw(seed).policies)
        print(found.table())
        assert not found.missing(), "\n".join(found.missing())

    def notice_faults(self) -> None:
        """A fault in any drawn field that has an effect makes the verdicts differ."""
        search = Search(self.cases)
        unseen = [f"{kind} {path}" for kind, path in self._drawn() if not search.finds(kind, path)]
        assert not unseen, "\n".join(unseen)

    def _drawn(self) -> Iterator[tuple[str, str]]:
        for kind, paths in fields_of(self.suite.name).items():
            out = tuple(self.suite.left_out.get(kind, ()))
            yield from ((kind, path) for path in paths if not path.startswith((*out, *self.suite.neutral)))

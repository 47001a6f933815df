"""The rows of tests/cases/releases.yaml, each asked of the engine of its release."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from reachproof.engines.registry import profile_of
from reachproof.network.options import Cni
from reachproof.semantics.trace import Truth
from tests.cases.case import HERE, Case, expectations, read_cases
from tests.engines.engine import Engine


def rows_of(cni: Cni, version: str) -> list[Case]:
    """The rows of a release that is modelled, under the settings that an implementation has by default."""
    rows = [case for case in read_cases(HERE / "releases.yaml") if case.options.cni is cni]
    return [case for case in rows if profile_of(case.options).version == version and case.options.cidr_matches is None]


def wrong_rows(engine: Engine, rows: list[Case]) -> Iterator[str]:
    """The flows of which the engine says something else; those left open are not asked."""
    for case in rows:
        expected = [each for each in expectations(case.load(), case.lines) if each.truth is not Truth.EITHER]
        objects = [each for each in yaml.safe_load_all(case.manifests) if each is not None]
        verdicts = engine.ask(objects, [each.flow for each in expected], {})
        for each, allowed in zip(expected, verdicts, strict=True):
            if allowed is not (each.truth is Truth.ALLOWED):
                yield f"{case}: {each.text}: the engine {'allows' if allowed else 'denies'}"

"""The fields that were drawn, against the fields that the engine's own types have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.strategies.vocabulary import Manifest

_MAPS = ("matchLabels",)
_CHOICES = ("action", "operator", "protocol", "policyTypes[]", "tier", "defaultAction", "types[]")


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """(path, value) of every leaf: labels are one, and so is an empty object or list."""
    name = path.rpartition(".")[2]
    if isinstance(value, Mapping) and value and name not in _MAPS:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list) and value:
        for item in value:
            yield from leaves(item, f"{path}[]")
    else:
        yield path, value


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How often each field of each kind was drawn. `left_out`: fields that are not drawn, each with the reason."""

    fields: Mapping[str, Sequence[str]]
    left_out: Mapping[str, Mapping[str, str]]
    draws: Counter[tuple[str, str]] = field(default_factory=Counter)
    choices: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, policies: Iterable[Manifest]) -> None:
        """Counts a field once for each policy that has it."""
        for policy in policies:
            kind, found = policy["kind"], [each for each in leaves(policy) if each[0].startswith("spec")]
            paths = {self._field(kind, path) for path, _ in found}
            self.draws.update((kind, path) for path in paths | ({"specs"} if "specs" in policy else set()))
            self.choices.update(
                {(kind, self._field(kind, path), str(value)) for path, value in found if path.endswith(_CHOICES)}
            )

    def _field(self, kind: str, path: str) -> str:
        """The field of the types that the path is in: some types are one field, whatever their parts."""
        fields, path = set(self.fields[kind]), path.replace("specs[].", "spec.")
        while path and path not in fields and path not in (f"{each}[]" for each in fields):
            path = path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]
        return path

    def missing(self) -> list[str]:
        """Fields that were never drawn and are not left out, and fields left out that were drawn."""
        found = []
        for kind, paths in self.fields.items():
            out = self.left_out.get(kind, {})
            for path in paths:
                if (self.draws[kind, path] == 0) is not any(path.startswith(prefix) for prefix in out):
                    found.append(f"{kind} {path}")
        return found

    def table(self) -> str:
        """A line for each field of each kind with the number of policies that had it."""
        lines = []
        for kind, paths in self.fields.items():
            for path in paths:
                reason = next((why for name, why in self.left_out.get(kind, {}).items() if path.startswith(name)), "")
                lines.append(
                    f"{self.draws[kind, path]:8} {kind} {path}" + (f" (not drawn: {reason})" if reason else "")
                )
                given = sorted(
                    (value, count) for (k, p, value), count in self.choices.items() if (k, p) == (kind, path)
                )
                lines += [f"{count:12}   {value}" for value, count in given]
        return "\n".join(lines)

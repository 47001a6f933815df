"""Limits of a token: the snapshots that it may ask about, and the namespaces whose objects it is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

_PATTERN = re.compile(r"[A-Za-z0-9._:*?-]{1,128}")
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MOST = 100
_DIGEST = "sha256:"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenScope:
    """Limits of a token; None is no limit. Make one with `scope_of`, which checks and sorts.

    `snapshots`: patterns of names and digests, in which `*` stands for any characters and `?` for one. Digests fit only
    patterns that begin as they do, and `*`. `namespaces`: names.
    """

    snapshots: tuple[str, ...] | None = None
    namespaces: tuple[str, ...] | None = None

    @property
    def is_limited(self) -> bool:
        """True if there is any limit."""
        return self.snapshots is not None or self.namespaces is not None

    def has_name(self, name: str) -> bool:
        """True for a name, or a digest, that fits a pattern."""
        if self.snapshots is None:
            return True
        is_digest = name.startswith(_DIGEST)
        fitting = (each for each in self.snapshots if not is_digest or each == "*" or each.startswith(_DIGEST))
        return any(fnmatchcase(name, each) for each in fitting)

    def has(self, digest: str, names: Iterable[str]) -> bool:
        """True for a snapshot with this digest and these names."""
        return any(map(self.has_name, (digest, *names)))

    @property
    def key(self) -> str:
        """Text that only equal scopes have."""
        return repr((self.snapshots, self.namespaces))


UNLIMITED = TokenScope()


def scope_of(snapshots: Iterable[str] | None, namespaces: Iterable[str] | None) -> TokenScope:
    """The scope of these patterns and namespaces; None is no limit. Raises ValueError for what can be neither."""
    patterns = None if snapshots is None else _checked(snapshots, _PATTERN, "snapshot pattern", _PATTERN_HINT)
    names = None if namespaces is None else _checked(namespaces, _NAMESPACE, "namespace", _NAMESPACE_HINT)
    return TokenScope(snapshots=patterns, namespaces=names)


_PATTERN_HINT = "write a name or a digest, with * and ? for what may differ"
_NAMESPACE_HINT = "write the name of a namespace, without wildcards"


def _checked(given: Iterable[str], form: re.Pattern[str], what: str, hint: str) -> tuple[str, ...]:
    found = tuple(sorted(set(given)))
    for each in found:
        if not form.fullmatch(each):
            raise ValueError(f"invalid {what} {each!r}; {hint}")
    if not found:
        raise ValueError(f"no {what}; {hint}")
    if len(found) > _MOST:
        raise ValueError(f"too many {what}s ({len(found)}; the limit is {_MOST})")
    return found

"""Edits of policies in what no flow shows, and nothing else: source ports, requests, domain names, ICMP."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from tests.strategies.vocabulary import Manifest

# Field, and what stands there afterwards; the old value is another one.
_TEXTS = {
    "serverNames": ["edited.example.com"],
    "requestPrincipals": ["edited/*"],
    "notRequestPrincipals": ["edited/*"],
    "methods": ["PATCH"],
    "paths": ["/edited"],
    "hosts": ["edited.example.com"],
    "notMethods": ["PATCH"],
    "notPaths": ["/edited"],
    "notHosts": ["edited.example.com"],
    "domainNames": ["edited.example.org"],
    "toFQDNs": [{"matchName": "edited.example.org"}],
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """Where a policy can be edited, and what to write there."""
    found: list[tuple[tuple[Any, ...], Any]] = []
    if isinstance(value, dict):
        for name, item in value.items():
            at = (*path, name)
            if name in _TEXTS and item:
                found.append((at, _TEXTS[name]))
            elif name == "http" and item is not None and "rules" not in path:
                found.append((at, {"methods": ["PATCH"]}))
            elif name == "rules" and isinstance(item, dict) and item:
                found.append((at, {"http": [{"path": "/edited"}]}))
            elif name == "ports" and path and path[-1] == "source":
                found.append((at, [54321]))
            elif name == "icmps":
                found.append((at, [{"fields": [{"type": 42}]}]))
            else:
                found += places(item, at)
        if str(value.get("protocol", "")).startswith("ICMP") and "action" in value and value["action"] != "Log":
            found.append(((*path, "icmp"), {"type": 42}))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            found += places(item, (*path, number))
    return found


@st.composite
def edited(draw: st.DrawFn, policy: Manifest) -> Manifest | None:
    """The policy with one such edit; None where it has nothing of the kind."""
    spec = {name: policy[name] for name in ("spec", "specs") if name in policy}
    known = places(spec)
    if not known:
        return None
    path, value = draw(st.sampled_from(known))
    found = deepcopy(policy)
    owner: Any = found
    for step in path[:-1]:
        owner = owner[step]
    owner[path[-1]] = deepcopy(value)
    return found

"""domainNames peers: names whose addresses the options give, and names that stand for unknown addresses.

Names are compared without regard to case and without the dot at their end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reachproof.network.domains import in_pattern, plain
from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import AddressPeer, DomainPeer, PartyKind, Peer


def split_domains(names: Iterable[str], known: Mapping[str, IntervalSet]) -> list[Peer]:
    """At most one peer with the known addresses (external parties only), and at most one of unknown ones."""
    by_name = {plain(name): addresses for name, addresses in known.items()}
    wanted = sorted({plain(name) for name in names})
    covered = [by_name[name] for name in wanted if name in by_name]
    unknown = tuple(name for name in wanted if name not in by_name)
    peers: list[Peer] = []
    if covered:
        addresses = IntervalSet.of(span for one in covered for span in one)
        peers.append(AddressPeer(addresses, frozenset((PartyKind.EXTERNAL,))))
    if unknown:
        peers.append(DomainPeer(unknown))
    return peers


def patterns(given: Iterable[str], known: Mapping[str, IntervalSet]) -> list[Peer]:
    """The addresses of Cilium's patterns: the addresses of known names, and always some that are not known."""
    wanted = tuple(sorted({plain(pattern) for pattern in given}))
    covered = [spans for name, spans in known.items() if any(in_pattern(name, pattern) for pattern in wanted)]
    peers: list[Peer] = []
    if covered:
        addresses = IntervalSet.of(span for one in covered for span in one)
        peers.append(AddressPeer(addresses, frozenset((PartyKind.EXTERNAL,))))
    return [*peers, DomainPeer((), wanted)] if wanted else peers

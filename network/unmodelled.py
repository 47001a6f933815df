"""The parts of policy objects that a flow here does not show, kept so that two snapshots can be compared in them.

A flow is one new connection of TCP, UDP or SCTP. A part is *open* where it decides about such flows (source ports,
requests, domain names): rules that have it may match. Others are about something else (ICMP, TLS settings), or belong
to an object that is not modelled at all.

Trusted by `queries.input_changes`: that a part which decides anything is recorded (`manifests.kinds.unmodelled`).
"""

from __future__ import annotations

from dataclasses import dataclass

from reachproof.network.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmodelled:
    """One such part: `what` it is in words, and its `text`, which is the same for two copies of it."""

    what: str
    text: str
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """An object that decides what may be reached, of which no policy was made. `what`: why, in words.

    `text` is the same for two copies. `inert`: it changes nothing, whatever it says.
    """

    kind: str
    namespace: str
    name: str
    what: str
    text: str
    inert: bool = False
    origin: Origin

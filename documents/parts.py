"""The parts that several documents share: ends, flows, steps, rules, places and notices.

Fields without a default are always written; one with a default is left out while it has that value.
"""

from __future__ import annotations

from abc import ABCMeta
from typing import Literal

from msgspec import UNSET, Struct, StructMeta, UnsetType, field

from reachproof.network.policy import Action, Direction
from reachproof.network.ports import Protocol

API_VERSION = "reachproof/v1"
Absent = UnsetType
ABSENT = UNSET
"""The value of a field that is not there at all; it is false."""


class PartType(StructMeta, ABCMeta):
    """The class of parts, so that a view of a document may have abstract bases."""


class Part(Struct, metaclass=PartType, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An object of a document. Its fields are snake_case here and camelCase in JSON; unknown ones are ignored."""


class Document(Part, frozen=True, kw_only=True, tag_field="apiVersion", tag=API_VERSION):
    """A whole document, which names its version first."""


class Origin(Part, frozen=True, kw_only=True):
    """A place in the input: `line` counts from 1 (0 = unknown), `path` is the field."""

    file: str
    line: int
    path: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Notice(Part, frozen=True, kw_only=True):
    """Something that an answer rests on, or that may surprise; warnings have an `origin`, which may be null."""

    code: str
    text: str
    origin: Origin | Absent | None = ABSENT


class Policy(Part, frozen=True, kw_only=True):
    """The identity of a policy; the namespace is empty for cluster-scoped kinds."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class RuleNumber(Part, frozen=True, kw_only=True):
    """A rule of a policy: its place from 0, and its name, which is mostly empty."""

    index: int
    name: str


class Numbered:
    """The number and name of a rule, of whatever has one."""

    __slots__ = ()
    rule: RuleNumber | None

    @property
    def rule_index(self) -> int | None:
        """The place of the rule in its policy, from 0."""
        return self.rule.index if self.rule else None

    @property
    def rule_name(self) -> str:
        """The name of the rule; mostly empty."""
        return self.rule.name if self.rule else ""


class Rule(Numbered, Part, frozen=True, kw_only=True):
    """A rule that a verdict rests on. `rule` is null for the isolation by the policy as a whole."""

    policy: Policy
    rule: RuleNumber | None
    direction: Direction
    action: Action
    origin: Origin
    text: str


class Step(Numbered, Part, frozen=True, kw_only=True):
    """One decision on the way of a flow; the last one of a direction decides it. `text` is a whole sentence.

    `tier`: a word of docs/interfaces.md, or the name of a tier of Calico.
    """

    direction: Direction
    subject: str
    tier: str
    action: Action
    policy: Policy | None
    rule: RuleNumber | None
    origin: Origin | None
    text: str

    def __str__(self) -> str:
        place = f"  [{self.origin}]" if self.origin and self.origin.file else ""
        return f"{self.direction:<7} {self.action:<5} {self.text}{place}"


class End(Part, frozen=True, kw_only=True):
    """One end of a flow. What it does not have is null or empty. `possible`: it was invented to show the verdict."""

    kind: Literal["pod", "node", "external"]
    namespace: str | None
    name: str | None
    workload: str | None
    ip: str | None
    tenant: str | None
    labels: dict[str, str]
    possible: bool

    @property
    def title(self) -> str:
        """Its name, without its address if it has another name."""
        match self.kind:
            case "pod":
                return f"{self.namespace}/{self.name}"
            case "external":
                return self.ip or "outside"
            case "node":
                return f"node {self.name}"

    def __str__(self) -> str:
        kind = "pod " if self.kind == "pod" else ""
        address = f" ({self.ip})" if self.ip and self.kind != "external" else ""
        return f"{kind}{self.title}{address}"

    def __hash__(self) -> int:
        return hash((self.kind, self.namespace, self.name, self.ip))


class Flow(Part, frozen=True, kw_only=True):
    """A connection; `port` is where the destination listens."""

    source: End
    destination: End
    protocol: Protocol
    port: int

    def __str__(self) -> str:
        return f"{self.source} -> {self.destination} on {self.protocol.lower()}/{self.port}"


class TracedFlow(Flow, frozen=True, kw_only=True):
    """A flow with its steps, egress of its source first. A direction that the question is not about has none."""

    steps: tuple[Step, ...] = field(name="trace")

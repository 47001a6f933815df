"""The closed words of documents. A word is never taken away or given another meaning within a version."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """The user's verdicts: of `can` questions, of claims, of questions for a list or a reason, and neither."""

    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    HOLDS = "holds"
    VIOLATED = "violated"
    LISTED = "listed"
    EXPLAINED = "explained"
    UNKNOWN = "unknown"


class World(StrEnum):
    """The pods that a sentence is about: those of the input, or possible ones too."""

    CLOSED = "closed"
    OPEN = "open"


class Severity(StrEnum):
    """Severity of a violated statement of a pack."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Status(StrEnum):
    """The outcome of a statement in a pack."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"


class Access(StrEnum):
    """The verdict on one kind of flow; `depends` where both outcomes are possible."""

    ALLOWED = "allowed"
    DENIED = "denied"
    DEPENDS = "depends"


class Truth(StrEnum):
    """The verdict on the flow that shows a difference; `either` where both outcomes are possible."""

    ALLOWED = "allowed"
    DENIED = "denied"
    EITHER = "either"


class By(StrEnum):
    """The pods that are put together into one end."""

    POD = "pod"
    WORKLOAD = "workload"
    NAMESPACE = "namespace"
    TENANT = "tenant"


class Partial(StrEnum):
    """The reason why flows of a row differ where a port is allowed for some of them only."""

    PODS = "pods"
    ADDRESSES = "addresses"
    UNKNOWN_ADDRESSES = "unknownAddresses"
    PODS_OR_ADDRESSES = "podsOrAddresses"


class Relation(StrEnum):
    """Comparison of a snapshot with an earlier one, over all flows of the endpoints that one of them has."""

    EQUIVALENT = "equivalent"
    STRICTER = "stricter"
    LOOSER = "looser"
    INCOMPARABLE = "incomparable"
    UNDETERMINED = "undetermined"
    UNKNOWN = "unknown"


class Change(StrEnum):
    """The change of the connections of a row."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Edit(StrEnum):
    """The change of a policy."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class When(StrEnum):
    """The snapshot of a difference in which a rule decides."""

    BEFORE = "before"
    AFTER = "after"


class FindingSeverity(StrEnum):
    """The worst first. Error: what is written is not what happens, or not defined. Info: may well be meant."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class State(StrEnum):
    """Progress of the audit of a snapshot, or of one pack on it. Only what is `checked` has verdicts."""

    CHECKED = "checked"
    REFUSED = "refused"
    """Bad input; it has `problems`."""
    BROKEN = "broken"
    """A bug of ours."""
    LOST = "lost"
    """Every worker that tried it died."""
    UNREACHABLE = "unreachable"
    """There was nobody left to ask."""
    UNFINISHED = "unfinished"
    """The audit was interrupted first."""

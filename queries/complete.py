"""Completion of queries: words of the language and names of a snapshot at the cursor, and the mistakes of the text.

The parser and the binder that answer a sentence also judge it here, so that nothing is judged twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache, partial
from typing import assert_never

from reachproof.documents.completion import Completion, Fault, SentenceState, SnapshotCounts, Suggestion
from reachproof.grammar import complete as language
from reachproof.grammar.ast import Name, ObjectName
from reachproof.grammar.build import policy_kind
from reachproof.grammar.complete import Bound, Kind, Slot
from reachproof.grammar.format import (
    format_domain,
    format_name,
    format_object,
    format_port_name,
    format_selector,
    quoted,
)
from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.parse import attempt
from reachproof.grammar.plain.complete import continuations, questions
from reachproof.grammar.words import is_plain_snapshot
from reachproof.network.cluster import Namespace, Node, Pod
from reachproof.network.labels import Operator, Requirement, Selector
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import Session
from reachproof.queries.bind import bind
from reachproof.queries.errors import QueryError
from reachproof.queries.plain_names import lexicon_of
from reachproof.queries.plain_speech import in_plain, plain_reader
from reachproof.queries.tenancy import tenants

MOST = 50
MOST_EXPECTED = 12
MOST_FAULTS = 10
WORD = "word"


Suggesting = Callable[[str], tuple[Suggestion, ...]]


def complete(text: str, cursor: int, session: Session | None, *, most: int = MOST) -> Completion:
    """Completions at the cursor of one sentence, and the mistakes of the whole of it.

    Without a session there are no names, and none is looked up. Cheap once the session is prepared: the names are
    gone through once or twice, and the text is read a few times. Accepting a suggestion never makes a text that the
    grammar refuses at that place.
    """
    at = cache(partial(suggestions, session=session))
    prefix = text[:cursor]
    plain = plain_suggestions(prefix, session, alone=not at(prefix)) if session else ()
    found = tuple(dict.fromkeys((*at(prefix), *plain)))
    read = _read(text, session)
    return Completion(
        state=_state(text, read, at, named=session is not None, plain=cursor == len(text) and bool(plain)),
        suggestions=found[:most],
        complete=len(found) <= most,
        errors=tuple(_fault(text, mistake, at) for mistake in read.mistakes[:MOST_FAULTS]),
        snapshot=_counts(session.snapshot) if session else None,
    )


def _counts(snapshot: Snapshot) -> SnapshotCounts:
    return SnapshotCounts(
        id=snapshot.digest,
        namespaces=len(snapshot.namespaces),
        pods=len(snapshot.pods),
        services=len(snapshot.services),
        policies=len(snapshot.policies),
    )


def suggestions(prefix: str, session: Session | None) -> tuple[Suggestion, ...]:
    """Completions of a prefix: names that begin like it, then words, then names that contain it."""
    expected = language.expected(prefix)
    words = [Suggestion(start=each.start, text=each.text, kind=WORD) for each in expected.words]
    begin: list[Suggestion] = []
    contain: list[Suggestion] = []
    for slot in expected.slots:
        for rank, text in _names(slot, expected.bound, session):
            if text != prefix[slot.start :]:
                (contain if rank else begin).append(Suggestion(start=slot.start, text=text, kind=str(slot.kind)))
    return tuple(dict.fromkeys((*begin, *words, *contain)))


def _names(slot: language.Slot, bound: Iterable[language.Bound], session: Session | None) -> Iterator[tuple[int, str]]:
    """The names for a slot that fit what is begun: 0 with those that begin like it, 1 with those that contain it."""
    begun = slot.begun.lower()
    bare = begun.lstrip("\"'")
    known = candidates(slot, bound, session.snapshot, session.others) if session else candidates(slot, bound)
    for text in known:
        lower = text.lower()
        plain = lower.lstrip("\"'")
        if plain.startswith(bare) or lower.startswith(begun):
            yield 0, text
        elif bare in plain:
            yield 1, text


def plain_suggestions(prefix: str, session: Session, *, alone: bool) -> tuple[Suggestion, ...]:
    """Names and words of plain speech that may go on a prefix, then whole questions; `alone`: nothing else may."""
    lexicon = lexicon_of(session.snapshot)
    found = (*continuations(prefix, lexicon, alone=alone), *questions(prefix, lexicon))
    return tuple(Suggestion(start=each.start, text=each.text, kind=each.kind) for each in found)


# ---------------------------------------------------------------- mistakes


@dataclass(frozen=True, slots=True)
class _Read:
    """The mistakes of a text; `parsed`: it is a sentence, but does not fit the snapshot."""

    mistakes: tuple[Mistake, ...]
    parsed: bool


def _read(text: str, session: Session | None) -> _Read:
    if not text.strip():
        return _Read((), parsed=False)
    query = attempt(text, plain_reader(session.snapshot) if session else None)
    if isinstance(query, Mistake):
        return _Read((query,), parsed=False)
    if session is not None:
        try:
            bind(query, session.encoding.universe, session.others)
        except QueryError as error:
            return _Read(in_plain(query, error.mistakes), parsed=True)
    return _Read((), parsed=True)


def _fault(text: str, mistake: Mistake, at: Suggesting) -> Fault:
    start, end = mistake.span.start, min(mistake.span.end, len(text))
    found = text[start:end].strip()
    before = text[:start] if found else text
    could = (each.text for each in at(before) if each.start == len(before))
    listed = tuple(dict.fromkeys(could))
    near = get_close_matches(found, listed, n=3)
    expected = tuple(dict.fromkeys((*near, *listed)))[:MOST_EXPECTED]
    return Fault(start=start, end=end, found=found, message=mistake.message, expected=expected)


def _state(text: str, read: _Read, at: Suggesting, *, named: bool, plain: bool) -> SentenceState:
    """BEGUN where all that is wrong is at the end, and something goes on there: a word, or a name that exists.

    `named`: whether it is known which names exist. `plain`: whether plain speech goes on there.
    """
    if read.parsed and not read.mistakes:
        return SentenceState.WHOLE
    if any(mistake.span.end < len(text.rstrip()) for mistake in read.mistakes):
        return SentenceState.WRONG
    if read.parsed:
        starts = {mistake.span.start for mistake in read.mistakes}
        return (
            SentenceState.BEGUN
            if any(each.start in starts and each.kind != WORD for each in at(text))
            else SentenceState.WRONG
        )
    half_a_word = any(text[mistake.span.start : mistake.span.end].strip() for mistake in read.mistakes)
    goes_on = plain or at(text) or (language.expected(text).slots and not (half_a_word and named))
    return SentenceState.BEGUN if goes_on else SentenceState.WRONG


_NOTHING = Snapshot()


def candidates(
    slot: Slot, bound: Iterable[Bound] = (), snapshot: Snapshot = _NOTHING, others: Collection[str] = ()
) -> tuple[str, ...]:
    """Candidates for a slot, sorted, whatever is begun there; names that prefixes bind come first.

    `others`: the names of the snapshots that a sentence may compare with.
    """
    own = [format_name(Name(each.name)) for each in bound if each.kind is slot.kind]
    return tuple(dict.fromkeys((*own, *sorted(_known(slot, snapshot, others)))))


def _known(slot: Slot, snapshot: Snapshot, others: Collection[str]) -> Iterable[str]:
    match slot.kind:
        case Kind.NAMESPACE:
            return (format_name(Name(each.name)) for each in snapshot.namespaces)
        case Kind.TENANT:
            return (format_name(Name(each)) for each in tenants(snapshot) if each)
        case Kind.NODE:
            return (format_name(Name(each.name)) for each in snapshot.nodes)
        case Kind.POD:
            return (_object(each.namespace, each.name) for each in snapshot.pods)
        case Kind.SERVICE:
            return (_object(each.namespace, each.name) for each in snapshot.services)
        case Kind.WORKLOAD:
            return _workloads(snapshot, slot.after)
        case Kind.SERVICE_ACCOUNT:
            return {_object(each.namespace, each.service_account) for each in snapshot.pods}
        case Kind.POLICY:
            return _policies(snapshot, policy_kind(slot.after))
        case Kind.POD_LABEL:
            return _labels(snapshot.pods)
        case Kind.NAMESPACE_LABEL:
            return _labels(snapshot.namespaces)
        case Kind.NODE_LABEL:
            return _labels(snapshot.nodes)
        case Kind.PROTOCOL_PORT:
            return {f"{protocol.lower()}/{number}" for number, protocol in _ports(snapshot)}
        case Kind.PORT:
            return {format_port_name(port.name) for pod in snapshot.pods for port in pod.ports if port.name}
        case Kind.DOMAIN:
            return (format_domain(each) for each in snapshot.options.domains)
        case Kind.SNAPSHOT:
            return (each if is_plain_snapshot(each) else quoted(each) for each in others)
        case Kind.NEW:
            return ("T",) if slot.after == "tenant" else ("N",)
        case _:
            assert_never(slot.kind)


# The same few thousand names are written anew at every key that is pressed.
@lru_cache(maxsize=20_000)
def _object(namespace: str, name: str) -> str:
    return format_object(ObjectName(namespace, name))


def _workloads(snapshot: Snapshot, after: str) -> set[str]:
    """The workloads of a kind, or of all; pods without one are none."""
    owned = {(pod.namespace, *pod.workload.partition("/")[::2]) for pod in snapshot.pods if pod.workload}
    any_kind = after in {"workload", "workloads"}
    return {_object(namespace, name) for namespace, kind, name in owned if any_kind or kind.lower() == after}


def _policies(snapshot: Snapshot, kind: str) -> Iterable[str]:
    refs = [policy.ref for policy in snapshot.policies if policy.ref.kind.lower() == kind]
    return (_object(ref.namespace, ref.name) if ref.namespace else format_name(Name(ref.name)) for ref in refs)


def _labels(objects: Iterable[Pod | Namespace | Node]) -> set[str]:
    pairs = {pair for each in objects for pair in each.labels.items()}
    return {format_selector(Selector.of(Requirement(key, Operator.IN, (value,)))) for key, value in pairs}


def _ports(snapshot: Snapshot) -> set[tuple[int, Protocol]]:
    """Ports that pods declare and Services offer."""
    declared = {pair for pod in snapshot.pods for pair in pod.declared}
    return declared | {(port.port, port.protocol) for service in snapshot.services for port in service.ports}

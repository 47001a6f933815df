"""Names of identities in policies of Istio, as conditions on the namespace and the service account of a pod.

    identity = TRUST_DOMAIN "/ns/" NAMESPACE "/sa/" SERVICE_ACCOUNT

| Written | Meaning |
|---|---|
| `text` | equal |
| `text*`, `*text` | begins or ends so |
| `*` | any, if there is one at all |

In a whole identity `cluster.local`, and every alias, stands for the trust domain of the mesh; any other stands for
itself, and no pod of the mesh has it. Where nobody said which one the mesh has, it is `cluster.local`, and others are
refused.
Trusted by every verdict about policies of Istio; checked by tests/manifests/test_istio_identity.py against a comparison
of whole texts.
"""

from __future__ import annotations

from collections.abc import Callable

from reachproof.manifests.field_reader import Field
from reachproof.network.labels import NAMESPACE_NAME, Operator, Requirement
from reachproof.network.options import TRUST_DOMAIN
from reachproof.network.predicate import (
    ACCOUNT_NAME,
    ALWAYS,
    NEVER,
    Holder,
    How,
    Needs,
    Predicate,
    Textual,
    both,
    either,
)

_PRINCIPAL = f"an identity such as {TRUST_DOMAIN}/ns/NAMESPACE/sa/ACCOUNT, whole or with one star at an end"
_PARTS = 5
Part = Callable[[str, How | None], Predicate]
"""The condition that a name is, begins or ends with a text."""


def _part(holder: Holder, key: str) -> Part:
    def condition(text: str, how: How | None) -> Predicate:
        if how is None:
            return Needs(Requirement(key, Operator.IN, (text,)), holder)
        return Needs(Textual(key, how, text), holder) if text else ALWAYS

    return condition


_namespace = _part(Holder.NAMESPACE, NAMESPACE_NAME)
_account = _part(Holder.ACCOUNT, ACCOUNT_NAME)


def read_namespaces(field: Field) -> Predicate:
    """Any of the namespaces that are listed here."""
    return _any(field, lambda text: _namespace(*_starred(text)))


def read_accounts(field: Field, home: str) -> Predicate:
    """Any of the service accounts: `ACCOUNT`, of the policy's own namespace `home`, or `NAMESPACE/ACCOUNT`."""

    def account(text: str) -> Predicate | None:
        namespace, slash, name = text.rpartition("/")
        if "*" in text or "/" in namespace or (slash and not namespace) or not name:
            return None
        return both(_namespace(namespace or home, None), _account(name, None))

    return _any(field, account, "ACCOUNT or NAMESPACE/ACCOUNT, without a star")


def read_principals(field: Field, trusted: tuple[str, ...] = ()) -> Predicate:
    """Any of the identities that are listed here; `trusted`: the mesh's trust domain and its aliases, where known."""
    return _any(field, lambda text: _identity(text, trusted), _PRINCIPAL)


def _any(field: Field, meaning: Callable[[str], Predicate | None], expected: str = "a name") -> Predicate:
    found: list[Predicate] = []
    for item in field.items():
        text = item.text()
        meant = meaning(text) if text and "*" not in text[1:-1] and text != "**" else None
        if meant is not None:
            found.append(meant)
        elif text is not None or not item.present:
            item.expected(expected)
    return either(*found)


def _starred(text: str) -> tuple[str, How | None]:
    if text.endswith("*"):
        return text[:-1], How.STARTS_WITH
    if text.startswith("*"):
        return text[1:], How.ENDS_WITH
    return text, None


def _identity(text: str, trusted: tuple[str, ...]) -> Predicate | None:
    """The condition; never true for what no identity can be like, and None for what is refused."""
    own, told = (trusted[0] if trusted else TRUST_DOMAIN), bool(trusted)
    part, how = _starred(_of_mesh(text, trusted))
    match how:
        case How.STARTS_WITH:
            found = _beginning(part, f"{own}/ns/")
        case How.ENDS_WITH:
            found = _ending(part, f"{own}/ns")
        case _:
            found = _equal(part, f"{own}/ns/")
    return NEVER if found is None and told else found


def _of_mesh(text: str, trusted: tuple[str, ...]) -> str:
    """The identity with the mesh's own trust domain in the place of an alias; only a whole one is looked at."""
    domain, *rest = text.split("/")
    if not trusted or len(rest) + 1 != _PARTS or domain == "*":
        return text
    return "/".join((trusted[0], *rest)) if any(_like(domain, each) for each in (*trusted, TRUST_DOMAIN)) else text


def _like(domain: str, known: str) -> bool:
    """A trust domain, with a star at its beginning perhaps."""
    part, how = _starred(domain)
    return known.endswith(part) if how is How.ENDS_WITH else domain == known


def _equal(part: str, begin: str) -> Predicate | None:
    namespace, sa, account = part.removeprefix(begin).partition("/sa/")
    if not part.startswith(begin) or not sa or "/" in namespace + account:
        return None
    return both(_namespace(namespace, None), _account(account, None))


def _beginning(part: str, begin: str) -> Predicate | None:
    if begin.startswith(part):
        return ALWAYS
    if not part.startswith(begin):
        return None
    namespace, slash, rest = part.removeprefix(begin).partition("/")
    if not slash:
        return _namespace(namespace, How.STARTS_WITH)
    if "sa/".startswith(rest):
        return _namespace(namespace, None)
    account = rest.removeprefix("sa/")
    if account == rest or "/" in account:
        return NEVER
    return both(_namespace(namespace, None), _account(account, How.STARTS_WITH))


def _ending(part: str, before_names: str) -> Predicate | None:
    before, slash, account = part.rpartition("/")
    if not slash:
        return _account(account, How.ENDS_WITH)
    if "/sa".endswith(before):
        return _account(account, None)
    front = before.removesuffix("/sa")
    if front == before:
        return NEVER
    trust, slash, namespace = front.rpartition("/")
    if not slash:
        return both(_namespace(namespace, How.ENDS_WITH), _account(account, None))
    return both(_namespace(namespace, None), _account(account, None)) if before_names.endswith(trust) else None

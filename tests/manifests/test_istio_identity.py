"""Names of identities, compared as conditions on namespace and account, and as whole texts."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from reachproof.manifests.field_reader import Field, Place
from reachproof.manifests.kinds.istio.identity import read_accounts, read_namespaces, read_principals
from reachproof.network.labels import NAMESPACE_NAME
from reachproof.network.predicate import ACCOUNT_NAME, Holder, Predicate, holds

NAMES = ("a", "ab", "b", "sa", "ns")
WHOLE = [f"cluster.local/ns/{namespace}/sa/{account}" for namespace in NAMES for account in NAMES]
CUTS = st.sampled_from(WHOLE).flatmap(lambda text: st.tuples(st.just(text), st.integers(0, len(text))))


def labels(namespace: str, account: str) -> dict[Holder, dict[str, str]]:
    return {Holder.POD: {}, Holder.NAMESPACE: {NAMESPACE_NAME: namespace}, Holder.ACCOUNT: {ACCOUNT_NAME: account}}


def of_principal(text: str) -> tuple[Predicate, list[str]]:
    place = Place(file="f.yaml", document=1, subject="p")
    found = read_principals(Field(place, [text], "principals"))
    return found, [str(problem) for problem in place.problems]


@given(CUTS, st.sampled_from(("whole", "begins", "ends")))
def test_a_pattern_of_identities_matches_what_it_matches_as_a_text(cut: tuple[str, int], how: str) -> None:
    text, at = cut
    pattern = {"whole": text, "begins": f"{text[:at]}*", "ends": f"*{text[at:]}"}[how]
    found, problems = of_principal(pattern)
    assert problems == []
    for namespace in NAMES:
        for account in NAMES:
            expected = fnmatchcase(f"cluster.local/ns/{namespace}/sa/{account}", pattern)
            assert holds(found, labels(namespace, account)) is expected, pattern


def test_a_pattern_that_no_identity_is_like_matches_none() -> None:
    for pattern in ("cluster.local/ns/a/x*", "cluster.local/ns/a/sa/b/c*", "*/a/b"):
        found, problems = of_principal(pattern)
        assert problems == []
        assert not any(holds(found, labels(namespace, account)) for namespace in NAMES for account in NAMES)


def test_other_trust_domains_and_stars_in_the_middle_are_refused() -> None:
    expected = "expected an identity such as cluster.local/ns/NAMESPACE/sa/ACCOUNT, whole or with one star at an end"
    for text in ("old.domain/ns/a/sa/b", "old.domain/*", "*domain/ns/a/sa/b", "cluster.local/*/sa/b", "**", "a"):
        assert of_principal(text)[1] == [f'f.yaml p principals[0]: found "{text}", {expected}'], text


def test_namespaces_and_accounts_are_names() -> None:
    place = Place(file="f.yaml", document=1, subject="p")
    names = read_namespaces(Field(place, ["a*", "*s", "b"], "namespaces"))
    assert [name for name in NAMES if holds(names, labels(name, "x"))] == ["a", "ab", "b", "ns"]
    accounts = read_accounts(Field(place, ["sa", "a/b"], "serviceAccounts"), "home")
    assert holds(accounts, labels("home", "sa"))
    assert not holds(accounts, labels("a", "sa"))
    assert holds(accounts, labels("a", "b"))
    assert list(place.problems) == []
    read_accounts(Field(place, ["a/*", "/b", "a/b/c", ""], "serviceAccounts"), "home")
    wanted = "expected ACCOUNT or NAMESPACE/ACCOUNT, without a star"
    assert [str(problem) for problem in place.problems] == [
        f'f.yaml p serviceAccounts[{index}]: found "{text}", {wanted}'
        for index, text in enumerate(("a/*", "/b", "a/b/c", ""))
    ]

"""Domain names and Cilium's patterns of them."""

from __future__ import annotations

import pytest

from reachproof.network.domains import in_pattern, plain


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("*", ["example.com", "a.b.c", "local"], []),
        ("example.com", ["example.com", "EXAMPLE.com."], ["a.example.com", "examplexcom", "example.com.org"]),
        ("*.example.com", ["a.example.com"], ["example.com", "a.b.example.com", "aexample.com"]),
        ("**.example.com", ["a.example.com", "a.b.example.com"], ["example.com", "xexample.com"]),
        ("api*.example.com", ["api.example.com", "api-1.example.com"], ["a.api.example.com", "xapi.example.com"]),
        ("a.*.com", ["a.b.com"], ["a.b.c.com", "a.com"]),
    ],
)
def test_a_pattern_has_these_names_and_not_those(pattern: str, inside: list[str], outside: list[str]) -> None:
    assert [name for name in (*inside, *outside) if in_pattern(name, pattern)] == inside


def test_names_are_compared_in_lower_case_and_without_the_last_dot() -> None:
    assert plain("Example.COM.") == "example.com"

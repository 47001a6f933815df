"""Comments by which findings are accepted: which texts are some, and which object each is about."""

from __future__ import annotations

import json

from reachproof.manifests import load_text
from reachproof.manifests.ignore_comments import ignore_comments

CODE = "SELECTS_NOTHING"
IGNORE = f"# reachproof: ignore {CODE} why not"


def spans(text: str) -> list[tuple[int, int, int]]:
    """Line of each comment, first and last line of its object."""
    return [(each.origin.line, each.first, each.last) for each in ignore_comments(text, "a.yaml")]


def test_a_comment_is_about_the_object_that_it_stands_in_or_above() -> None:
    text = f"""{IGNORE}
---
kind: A
spec: {{}}  {IGNORE}
---
# about B
{IGNORE}
kind: B
---
kind: C
"""
    assert spans(text) == [(1, 1, 4), (4, 1, 4), (7, 5, 8)]


def test_a_comment_that_ends_an_object_is_not_about_the_next_one() -> None:
    text = f"""kind: A
spec: {{}}
  {IGNORE}
---
kind: B
{IGNORE}
---
kind: C
"""
    assert spans(text) == [(3, 1, 3), (6, 4, 6)]
    items = f"""items:
- kind: A
  spec: {{}}
  {IGNORE}
- kind: B
kind: List
"""
    assert spans(items) == [(4, 2, 4)]


def test_the_items_of_a_list_are_objects_of_their_own() -> None:
    text = f"""kind: List
items:
- kind: A
  spec: {{}}
{IGNORE}
- kind: B
- kind: C  {IGNORE}
  spec: [{{a: 1}}]
"""
    assert spans(text) == [(5, 5, 6), (7, 7, 9)]


def test_lists_in_an_object_are_none() -> None:
    text = f"""kind: A
spec:
- {{a: 1}}
- {{a: 2}}  {IGNORE}
"""
    assert spans(text) == [(4, 1, 5)]


def test_what_stands_in_a_text_is_no_comment() -> None:
    text = f"""kind: ConfigMap
data:
  plain: a
  block: |
    {IGNORE}
  quoted: "x {IGNORE}"
"""
    assert spans(text) == []
    assert ignore_comments(json.dumps({"a": IGNORE}), "a.json") == ()


def test_code_and_reason_are_as_written() -> None:
    (found,) = ignore_comments(f"a: 1 #reachproof:ignore {CODE}   two words  \n", "a.yaml")
    assert (found.code, found.reason) == (CODE, "two words")
    (bare,) = ignore_comments("a: 1 # reachproof: ignore\n", "a.yaml")
    assert (bare.code, bare.reason) == ("", "")
    assert ignore_comments("a: 1 # reachproof: ignored\n", "a.yaml") == ()


def test_a_snapshot_has_the_comments_of_its_files() -> None:
    text = f"{IGNORE}\napiVersion: v1\nkind: Namespace\nmetadata: {{name: a}}\n"
    assert [each.code for each in load_text(text).ignores] == [CODE]
    assert load_text(text).digest == load_text(text.replace(IGNORE, "#")).digest

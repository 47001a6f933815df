"""docs/input.md: each manifest shown there is refused in exactly the words below it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from reachproof.manifests.errors import ManifestError
from reachproof.manifests.load import load_text
from tests.docs.pages import blocks

PAGE = "docs/input.md"
REFUSED = [(manifest, words) for (_, manifest), (tag, words) in pairwise(blocks(PAGE)) if tag == "refused"]


@pytest.mark.parametrize(("manifest", "words"), REFUSED)
def test_a_manifest_is_refused_in_these_words(manifest: str, words: str) -> None:
    with pytest.raises(ManifestError) as caught:
        load_text(manifest, name="policy.yaml")
    assert f"{caught.value}\n" == words


def test_there_are_examples() -> None:
    assert len(REFUSED) >= 4

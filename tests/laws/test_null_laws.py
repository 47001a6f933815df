"""A null for a field that an object leaves out changes nothing but a notice, in every kind but those of Kubernetes.

The fields are those that the reader asks for, recorded while it reads; so a field that is added is covered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachproof.manifests.errors import ManifestError
from reachproof.manifests.field_reader import Field
from reachproof.manifests.load import load_objects
from reachproof.network.options import Channel, Cni, Options
from reachproof.network.snapshot import Snapshot
from tests.strategies import calico, cilium, istio
from tests.strategies.policies import policy_sets

Manifest = dict[str, Any]
FAMILIES = {
    "admin": (policy_sets(), Options(cni=Cni.SPEC), "policy.networking.k8s.io"),
    "calico": (calico.inputs(doubtful=True), Options(cni=Cni.CALICO), "projectcalico.org"),
    "cilium": (cilium.mixed_manifests(), Options(cni=Cni.CILIUM, channel=Channel.STANDARD), "cilium.io"),
    "istio": (istio.inputs(), Options(cni=Cni.SPEC), "security.istio.io"),
}


@contextmanager
def asked() -> Iterator[list[tuple[str, str]]]:
    """The absent fields of objects that are read inside, as subject and path; names under metadata are left out."""
    found: list[tuple[str, str]] = []
    only = Field.only

    def recording(self: Field, *names: str, hints: Mapping[str, str] | None = None) -> bool:
        if isinstance(self.value, dict) and self.path and not self.path.startswith("metadata"):
            found.extend((self.place.subject, self.get(name).path) for name in names if name not in self.value)
        return only(self, *names, hints=hints)

    with patch.object(Field, "only", recording):
        yield found


def with_null(objects: list[Manifest], subject: str, path: str) -> list[Manifest]:
    """The objects with a null at a path of one of them."""
    changed: list[Manifest] = json.loads(json.dumps(objects))  # drawn objects share parts
    *above, last = path.replace("[", ".[").split(".")
    node: Any = next(each for each in changed if _subject(each) == subject)
    for step in above:
        node = node[int(step[1:-1]) if step.startswith("[") else step]
    node[last] = None
    return changed


def _subject(manifest: Manifest) -> str:
    metadata = manifest["metadata"]
    home = f"{metadata['namespace']}/" if "namespace" in metadata else ""
    return f"{manifest['kind']} {home}{metadata['name']}"


def meaning(snapshot: Snapshot) -> object:
    """All that verdicts rest on."""
    return replace(snapshot, assumptions=(), warnings=(), digest="")


@pytest.mark.heavy
@pytest.mark.parametrize("family", FAMILIES)
@given(data=st.data())
def test_a_null_is_an_absent_field(family: str, data: st.DataObject) -> None:
    drawn, options, group = FAMILIES[family]
    objects = data.draw(drawn)
    groups = {_subject(each) for each in objects if each["apiVersion"].startswith(group)}
    with asked() as found:
        plain = load_objects(objects, options=options)
    places = sorted({place for place in found if place[0] in groups})
    if not places:
        return
    subject, path = data.draw(st.sampled_from(places))
    changed = with_null(objects, subject, path)
    again = load_objects(changed, options=options)
    assert meaning(again) == meaning(plain)
    said = {each.text for each in again.warnings if each.code == "NULL_STORED"}
    assert said == {f"{subject} {path}: null is stored as nothing, which may mean more than it seems to"}
    with pytest.raises(ManifestError) as refused:
        load_objects(changed, options=replace(options, strict=True))
    assert (subject, path) in {(each.subject, each.path) for each in refused.value.problems}

"""Sets that are given as a bare name, as `explain` and `connectivity` take them."""

from __future__ import annotations

from typing import Any

import pytest

from reachproof.manifests.load import load_objects
from reachproof.network.errors import InputError
from reachproof.queries.ask import Session
from reachproof.queries.bare_names import named_sets, set_words

Manifest = dict[str, Any]


def workload(name: str, namespace: str) -> Manifest:
    labels = {"app": name}
    ports = [{"containerPort": 8080, "name": "web"}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "ports": ports}]}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    named = {"name": name, "namespace": namespace}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": named, "spec": spec}


def service(name: str, namespace: str, port: int, *, selects: str = "") -> Manifest:
    spec = {"selector": {"app": selects or name}, "ports": [{"port": port, "targetPort": 8080}]}
    named = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Service", "metadata": named, "spec": spec}


SNAPSHOT = load_objects(
    [
        workload("front", "shop"),
        workload("api", "shop"),
        workload("web", "shop"),
        workload("web", "blog"),
        workload("nodes", "shop"),
        service("front", "shop", 80),
        service("api", "shop", 8080),
        service("legacy", "shop", 80, selects="api"),
    ]
)


@pytest.mark.parametrize(
    ("text", "ports", "exact"),
    [
        ("front", None, "deployment shop/front"),
        ("front", "8080", "deployment shop/front"),
        (" blog/web ", None, "deployment blog/web"),
        ("api", "8080", "deployment shop/api"),
        ("legacy", None, "service shop/legacy"),
        ("shop", None, "namespace shop"),
        ("nodes", None, "nodes"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("pods in namespace shop", None, "pods in namespace shop"),
        ("nonesuch", None, "nonesuch"),
        ('"front"', None, '"front"'),
    ],
)
def test_a_bare_name_is_the_one_thing_of_that_name(text: str, ports: str | None, exact: str) -> None:
    assert set_words(SNAPSHOT, text, name="dst", ports=ports) == exact


@pytest.mark.parametrize("name", ["front", "api", "legacy", "blog/web"])
def test_it_means_what_it_means_in_a_question(name: str) -> None:
    asked = Session(SNAPSHOT).ask(f"can {name} reach 192.0.2.1?").normalized
    assert asked.startswith(f"can {set_words(SNAPSHOT, name, name='src')} reach ")


@pytest.mark.parametrize(
    ("name", "ports", "choices"),
    [
        ("web", None, ["deployment blog/web", "deployment shop/web"]),
        ("front", "tcp/80", ["deployment shop/front", "service shop/front"]),
        ("front", "70-90", ["deployment shop/front", "service shop/front"]),
    ],
)
def test_a_name_of_several_things_is_refused_with_the_choices(name: str, ports: str | None, choices: list[str]) -> None:
    with pytest.raises(InputError) as error:
        set_words(SNAPSHOT, name, name="dst", ports=ports)
    (problem,) = error.value.problems
    head, *shown = str(problem).split("\n")
    assert head == f"dst:1: `{name}` can be read in 2 ways; write the one that is meant"
    assert [line.strip() for line in shown[-2:]] == choices


def test_all_ambiguous_names_are_told_and_ports_stand_with_the_last() -> None:
    with pytest.raises(InputError) as error:
        named_sets(SNAPSHOT, {"src": "web", "dst": "front"}, "80")
    assert [str(each).partition(" can be")[0] for each in error.value.problems] == ["src:1: `web`", "dst:1: `front`"]
    assert named_sets(SNAPSHOT, {"src": "front", "dst": None}, "80") == {"src": "deployment shop/front", "dst": None}

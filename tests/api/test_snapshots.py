"""Snapshots over HTTP: stored, named, listed, asked about, removed. On SQLite and on PostgreSQL."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from reachproof.api import database as database_module
from reachproof.api.database import Database
from reachproof.api.store import SnapshotStore
from reachproof.api.tables import StoredSnapshot
from reachproof.manifests import load, load_text
from tests.api.requests import DENIED, EXAMPLES, ISOLATED, MANIFESTS, check_problem, client, error, tenants

YAML = {"content-type": "application/yaml"}
REACH = "can any pod reach any pod?"


@pytest.fixture
def service(database_url: str) -> TestClient:
    return client(database_url=database_url)


def files(folder: str = "tenants") -> list[tuple[str, tuple[str, bytes]]]:
    """The files of an example, as a form has them."""
    return [("file", (path.name, path.read_bytes())) for path in sorted((EXAMPLES / folder).glob("*.yaml"))]


def store(service: TestClient, text: str = MANIFESTS, name: str | None = None) -> str:
    """The digest of manifests that are stored now."""
    response = service.post("/snapshots", content=text, headers=YAML, params={"name": name} if name else {})
    assert response.status_code in (200, 201), response.text
    digest: str = response.json()["id"]
    return digest


def without_times(answer: Any) -> Any:
    for each in answer if isinstance(answer, list) else [answer]:
        each["evidence"].update(solverMs=0, totalMs=0)
    return answer


# ---------------------------------------------------------------- storing


NO_POLICIES = {
    "code": "NO_POLICIES",
    "text": "the input has no policies, so every connection is allowed; check what was collected",
    "origin": None,
}


def test_a_snapshot_is_stored_and_told_about(service: TestClient) -> None:
    response = service.post("/snapshots", content=MANIFESTS, headers=YAML)
    digest = load_text(MANIFESTS).digest
    assert response.status_code == 201
    assert response.headers["location"] == f"/snapshots/{digest}"
    assert response.json() == {
        "id": digest,
        "name": None,
        "counts": {"Namespace": 1, "Pod": 1},
        "assumptions": [],
        "warnings": [NO_POLICIES],
    }
    told = service.get(f"/snapshots/{digest}").json()
    assert told.pop("createdAt").endswith("+00:00")
    assert told.pop("storedBytes") > 100
    assert told == {"id": digest, "names": [], "counts": {"Namespace": 1, "Pod": 1}}


def test_warnings_come_with_what_was_stored(service: TestClient) -> None:
    text = MANIFESTS + "---\n{apiVersion: v1, kind: Secret, metadata: {name: s}}\n"
    warnings = service.post("/snapshots", content=text, headers=YAML).json()["warnings"]
    assert {warning["code"] for warning in warnings} == {"KINDS_SKIPPED", "NO_POLICIES"}


OBJECTS = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"tenant": "a"}}},
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "web"}]},
        "status": {"phase": "Running", "podIP": "10.244.0.5"},
    },
]


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (MANIFESTS, "application/yaml; charset=utf-8"),
        (MANIFESTS, "text/plain"),
        (json.dumps({"apiVersion": "v1", "kind": "List", "items": OBJECTS}), "application/json"),
        ("\n".join(map(json.dumps, OBJECTS)), "application/x-ndjson"),
    ],
)
def test_every_way_of_writing_stores_the_same(body: str, media_type: str) -> None:
    response = client().post("/snapshots", content=body, headers={"content-type": media_type})
    assert (response.status_code, response.json()["id"]) == (201, load_text(MANIFESTS).digest)


def test_the_files_of_a_form_are_one_snapshot_with_their_names(service: TestClient) -> None:
    response = service.post("/snapshots", files=files())
    assert (response.status_code, response.json()["id"]) == (201, tenants().digest)
    answer = service.post("/query", json={"query": DENIED, "snapshot": response.json()["id"]}).json()
    places = [step["origin"]["file"] for step in answer["witness"]["trace"] if step["origin"]]
    assert places and set(places) <= {name for _, (name, _) in files()}


@pytest.mark.parametrize("parts", [1, 2])
def test_a_packed_body_is_unpacked(parts: int) -> None:
    half = len(MANIFESTS) // parts
    packed = b"".join(
        gzip.compress(MANIFESTS[start : start + half].encode()) for start in range(0, len(MANIFESTS), half)
    )
    response = client().post("/snapshots", content=packed, headers={**YAML, "content-encoding": "gzip"})
    assert (response.status_code, response.json()["id"]) == (201, load_text(MANIFESTS).digest)


def test_a_packed_form_is_unpacked() -> None:
    plain = client().build_request("POST", "/snapshots", files=files())
    response = client().post(
        "/snapshots",
        content=gzip.compress(plain.read()),
        headers={"content-type": plain.headers["content-type"], "content-encoding": "gzip"},
    )
    assert (response.status_code, response.json()["id"]) == (201, tenants().digest)


def test_what_is_stored_again_is_left_as_it_is(service: TestClient) -> None:
    digest = store(service)
    before = service.get(f"/snapshots/{digest}?content=true").json()
    response = service.post("/snapshots", content="# moved\n" + MANIFESTS, headers=YAML)
    assert (response.status_code, response.json()["id"]) == (200, digest)
    assert service.get(f"/snapshots/{digest}?content=true").json() == before
    assert len(service.get("/snapshots").json()["snapshots"]) == 1


def test_the_objects_can_be_had_with_their_lines_and_nothing_that_is_not_read(service: TestClient) -> None:
    digest = store(service)
    namespace, pod = service.get(f"/snapshots/{digest}?content=true").json()["objects"]
    assert namespace["origin"] == {"file": "manifests", "document": 0, "line": 1}
    assert pod["origin"] == {"file": "manifests", "document": 1, "line": 5}
    assert pod["object"]["spec"] == {"containers": [{"ports": None}]}
    policy = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p},\n spec: {podSelector: {}}}"
    (found,) = service.get(f"/snapshots/{store(service, policy)}?content=true").json()["objects"]
    assert found["lines"]["spec.podSelector"] == 2


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("body", "headers", "status", "detail"),
    [
        (
            b"x",
            {"content-type": "application/x-www-form-urlencoded"},
            400,
            "unsupported content type (application/x-www-form-urlencoded); send application/json, application/yaml, "
            "application/x-yaml, "
            "application/x-ndjson, application/ndjson, text/yaml, text/x-yaml, text/plain or multipart/form-data",
        ),
        (b"x", {**YAML, "content-encoding": "br"}, 400, "unsupported content encoding br; send gzip or none"),
        (
            b"xxxx",
            {**YAML, "content-encoding": "gzip"},
            400,
            "the body is not gzip: Error -3 ",
        ),
        (
            gzip.compress(b"kind: a", mtime=0)[:-4],
            {**YAML, "content-encoding": "gzip"},
            400,
            "the compressed body is truncated",
        ),
        (b"x", {"content-type": "multipart/form-data"}, 400, "the form cannot be read: "),
        (
            gzip.compress(bytes(2_000_000), mtime=0),
            {**YAML, "content-encoding": "gzip"},
            413,
            "unpacked body too large (the limit is 1000000 bytes)",
        ),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(body: bytes, headers: dict[str, str], status: int, detail: str) -> None:
    response = client(max_unpacked_bytes=1_000_000).post("/snapshots", content=body, headers=headers)
    found = response.json()["detail"]
    assert found.startswith(detail)
    check_problem(response, status, found)


def test_bad_manifests_are_refused_whole_with_all_problems(service: TestClient) -> None:
    response = service.post("/snapshots", files=[*files(), ("file", ("bad.yaml", b"a: 1\n---\nb: 2\n"))])
    message = (
        "not a Kubernetes object: no apiVersion and no kind; leave out files that are not "
        "manifests, and render charts and overlays first"
    )
    detail = "the query or the manifests are wrong: 2 problems"
    problems = [error(message, file="bad.yaml", line=1), error(message, file="bad.yaml", line=3)]
    check_problem(response, 422, detail, *problems)
    assert service.get("/snapshots").json() == {"snapshots": [], "next": None}


@pytest.mark.parametrize("name", ["", "-prod", "a b", "prod/eu", "x" * 129, "sha256:1", "é"])
def test_a_name_that_cannot_be_one_is_refused_and_nothing_is_stored(name: str) -> None:
    service = client()
    detail = (
        f"invalid name {name!r}; use at most 128 letters, digits, dots, dashes and underscores, starting and ending "
        "with a letter or digit"
    )
    check_problem(service.post("/snapshots", content=MANIFESTS, headers=YAML, params={"name": name}), 422, detail)
    assert service.get("/snapshots").json()["snapshots"] == []


def test_what_is_not_there_is_not_found(service: TestClient) -> None:
    digest = f"sha256:{'0' * 64}"
    for wanted in ("prod", digest, "sha256:1"):
        detail = f"snapshot {wanted} not found; store it, or send manifests"
        check_problem(service.get(f"/snapshots/{wanted}"), 404, detail)
        check_problem(service.delete(f"/snapshots/{wanted}"), 404, detail)
        check_problem(service.put("/snapshots/names/a", json={"id": wanted}), 404, detail)
        check_problem(service.post("/query", json={"query": REACH, "snapshot": wanted}), 404, detail)
        others = {"snapshots": {"old": {"snapshot": wanted}}, "query": REACH, "manifests": []}
        check_problem(service.post("/query", json=others), 404, detail)
    check_problem(service.get("/snapshots/names/prod"), 404, "name prod not found")
    check_problem(service.delete("/snapshots/names/prod"), 404, "name prod not found")


# ---------------------------------------------------------------- names


def test_a_name_is_given_moved_and_taken_away_and_all_of_it_is_kept(service: TestClient) -> None:
    first, second = store(service, name="prod"), store(service, "{apiVersion: v1, kind: Node, metadata: {name: node}}")
    assert service.put("/snapshots/names/prod", json={"id": second}).json() == {"name": "prod", "id": second}
    assert service.put("/snapshots/names/prod", json={"id": second}).status_code == 200
    assert service.put("/snapshots/names/stage", json={"id": "prod"}).json() == {"name": "stage", "id": second}
    assert service.get("/snapshots/prod").json()["names"] == ["prod", "stage"]
    assert service.delete("/snapshots/names/prod").status_code == 204
    told = service.get("/snapshots/names/prod").json()
    assert (told["name"], told["id"]) == ("prod", None)
    assert [each["id"] for each in told["history"]] == [None, second, first]
    assert {each["by"] for each in told["history"]} == {"address testclient"}
    assert [each["at"] for each in told["history"]] == sorted((each["at"] for each in told["history"]), reverse=True)
    assert service.get("/snapshots/names/prod?limit=1").json()["history"] == told["history"][:1]
    assert service.get("/snapshots/prod").status_code == 404


def test_a_snapshot_with_a_name_is_not_removed(service: TestClient) -> None:
    digest = store(service, name="prod")
    service.put("/snapshots/names/a", json={"id": digest})
    detail = "the snapshot has the name a, prod; give that to another one, or take it away, first"
    check_problem(service.delete(f"/snapshots/{digest}"), 409, detail)
    service.delete("/snapshots/names/prod")
    service.delete("/snapshots/names/a")
    assert service.delete(f"/snapshots/{digest}").status_code == 204
    assert service.get(f"/snapshots/{digest}").status_code == 404
    assert service.get("/snapshots/names/prod").json()["history"][1]["id"] == digest


def test_a_list_goes_on_where_it_ended(service: TestClient) -> None:
    nodes = [f"{{apiVersion: v1, kind: Node, metadata: {{name: n{number}}}}}" for number in range(5)]
    digests = sorted(store(service, text) for text in nodes)
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = service.get("/snapshots", params={"after": after, "limit": 2}).json()
        found += [each["id"] for each in page["snapshots"]]
        after = page["next"]
    assert found == digests


# ---------------------------------------------------------------- questions


@pytest.mark.parametrize("wanted", ["digest", "name"])
def test_every_question_can_be_about_a_stored_snapshot(service: TestClient, wanted: str) -> None:
    old = service.post("/snapshots?name=old", files=files("tenants-broken")).json()["id"]
    new = service.post("/snapshots?name=new", files=files()).json()["id"]
    about_old, about_new = (old, new) if wanted == "digest" else ("old", "new")
    broken, whole = load(EXAMPLES / "tenants-broken"), tenants()
    paths: list[tuple[str, dict[str, Any]]] = [
        ("/query", {"query": ISOLATED}),
        ("/check", {"pack": f"invariant a (high): {ISOLATED}\n"}),
        ("/connectivity", {"by": "namespace"}),
        ("/explain", {"source": "pods", "destination": "pods", "port": "tcp/80"}),
        ("/lint", {}),
    ]
    for path, body in paths:
        found = service.post(path, json={**body, "snapshot": about_new})
        assert found.status_code == 200, found.text
        assert new in found.text or path == "/connectivity"
    answer = service.post("/query", json={"query": ISOLATED, "snapshot": about_new}).json()
    fresh = client(whole).post("/query", json={"query": ISOLATED}).json()
    assert (answer["verdict"], answer["evidence"]["snapshot"]) == (fresh["verdict"], whole.digest)
    since = {"query": "nothing changed since snapshot old", "snapshot": about_new}
    asked = {**since, "snapshots": {"old": {"snapshot": about_old}}}
    compared = service.post("/query", json=asked)
    assert compared.status_code == 200, compared.text
    assert compared.json()["evidence"]["since"] == broken.digest
    differs = service.post("/diff", json={"old": {"snapshot": about_old}, "new": {"snapshot": about_new}}).json()
    assert differs["rows"]


def test_a_stored_snapshot_is_read_under_the_options_of_the_request(service: TestClient) -> None:
    digest = store(service)
    for label, tenant in (("tenant", "a"), ("team", "b")):
        body = {"query": f"can tenant {tenant} reach any pod?", "snapshot": digest, "options": {"tenantLabel": label}}
        assert service.post("/query", json=body).status_code == (200 if label == "tenant" else 422)
    policy = (
        "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: a}\n"
        "spec:\n  priority: 1\n  subject: {namespaces: {}}\n"
        "  egress: [{action: Deny, to: [{nodes: {}}]}]\n"
    )
    digest = store(service, policy)
    statuses = [
        service.post("/query", json={"query": REACH, "snapshot": digest, "options": {"channel": channel}}).status_code
        for channel in ("experimental", "standard")
    ]
    assert statuses == [200, 422]


def test_a_name_is_looked_up_once_for_a_request(service: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    store(service, name="prod")
    asked: list[str] = []
    resolve = SnapshotStore.resolve

    def counted(self: SnapshotStore, wanted: str) -> str:
        asked.append(wanted)
        return resolve(self, wanted)

    monkeypatch.setattr(SnapshotStore, "resolve", counted)
    body = {"queries": [REACH, REACH], "snapshot": "prod"}
    assert service.post("/query", json=body).status_code == 200
    assert asked == ["prod"]


# ---------------------------------------------------------------- failure


def damage(url: str, digest: str, content: bytes) -> None:
    with Database(url).writing() as session:
        session.execute(update(StoredSnapshot).where(StoredSnapshot.digest == digest).values(content=content))


def test_damaged_content_is_an_error_and_no_answer(service: TestClient, database_url: str) -> None:
    digest = store(service)
    damage(database_url, digest, zlib.compress(b"{}"))
    response = service.post("/query", json={"query": REACH, "snapshot": digest})
    check_problem(response, 500, f"the stored snapshot {digest} is damaged")
    check_problem(service.get(f"/snapshots/{digest}?content=true"), 500, f"the stored snapshot {digest} is damaged")


def test_the_content_of_another_snapshot_is_no_answer(service: TestClient, database_url: str) -> None:
    digest, other = store(service), store(service, "{apiVersion: v1, kind: Node, metadata: {name: node}}")
    with Database(database_url).reading() as session:
        row = session.get_one(StoredSnapshot, other)
        content = row.content
    damage(database_url, digest, content)
    response = service.post("/query", json={"query": REACH, "snapshot": digest})
    assert response.status_code == 422
    assert response.json()["errors"][0]["message"].startswith(f"{digest} was stored by a version of reachproof that")


@pytest.mark.parametrize("url", ["postgresql://nobody:secret@127.0.0.1:1/nothing", "sqlite:////dev/null/store.db"])
def test_without_a_database_requests_with_manifests_are_answered_and_the_others_told_to_wait(url: str) -> None:
    service = client(tenants(), database_url=url)
    assert service.post("/query", json={"query": REACH, "manifests": MANIFESTS}).status_code == 200
    assert service.post("/query", json={"query": ISOLATED}).status_code == 200
    for response in (
        service.post("/query", json={"query": REACH, "snapshot": "prod"}),
        service.post("/snapshots", content=MANIFESTS, headers=YAML),
        service.get("/snapshots"),
        service.put("/snapshots/names/a", json={"id": "b"}),
    ):
        check_problem(response, 503, "the store is not available")
        assert response.headers["retry-after"] == "5"


def test_when_the_disk_is_full_nothing_is_lost_and_the_service_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Full as SQLite sees it: the file may not have more pages than it has now."""
    url = f"sqlite:///{tmp_path}/store.db"
    digest = store(client(database_url=url), name="prod")
    pages = (tmp_path / "store.db").stat().st_size // 4096
    pragmas = database_module._pragmas

    def full(connection: Any, record: Any) -> None:
        pragmas(connection, record)
        connection.execute(f"PRAGMA max_page_count={pages}")

    with monkeypatch.context() as patch:
        patch.setattr(database_module, "_pragmas", full)
        service = client(tenants(), database_url=url, result_cache_entries=10)
        names = "---\n" + "\n---\n".join(
            f"{{apiVersion: v1, kind: Node, metadata: {{name: n{n}}}}}" for n in range(5000)
        )
        for _ in range(2):
            response = service.post("/snapshots?name=prod", content=names, headers=YAML)
            check_problem(response, 503, "the store is not available")
        assert service.post("/query", json={"query": ISOLATED}).status_code == 200
        assert service.get("/snapshots/prod").json()["id"] == digest
        answer = service.post("/query", json={"query": REACH, "snapshot": "prod"})
        assert answer.json()["evidence"]["snapshot"] == digest
    service = client(database_url=url)
    assert service.post("/snapshots?name=prod", content=names, headers=YAML).status_code == 201
    assert [each["id"] for each in service.get("/snapshots/names/prod").json()["history"]][1:] == [digest]


CALICO = """\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: nothing-out}
spec: {types: [Egress]}
"""
CILIUM = """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: nothing-out, namespace: shop}
spec: {endpointSelector: {}, egress: [{}], enableDefaultDeny: {egress: true}}
"""
OUT = "can any pod in namespace shop reach outside the cluster?"


@pytest.mark.parametrize(("policy", "cni"), [(CALICO, "calico"), (CILIUM, "cilium")])
def test_policies_of_one_implementation_are_stored_and_asked_about_under_it(
    service: TestClient, policy: str, cni: str
) -> None:
    manifests = f"{MANIFESTS}---\n{policy}"
    refused = service.post("/snapshots?cni=spec", content=manifests, headers=YAML)
    assert (refused.status_code, f"needs the option cni {cni};" in refused.json()["errors"][0]["message"]) == (
        422,
        True,
    )
    ids = [
        service.post(f"/snapshots{given}", content=manifests, headers=YAML).json()["id"]
        for given in (f"?cni={cni}", "?cni=auto", "")
    ]
    assert len(set(ids)) == 1

    def ask(**options: str) -> Any:
        return service.post("/query", json={"query": OUT, "snapshot": ids[0], "options": options})

    fresh = service.post("/query", json={"query": OUT, "manifests": manifests, "options": {"cni": cni}}).json()
    assert ask(cni=cni).json()["verdict"] == fresh["verdict"] == "unreachable"
    assert ask(cni="auto").json()["verdict"] == ask().json()["verdict"] == "unreachable"
    spec = ask(cni="spec")
    assert (spec.status_code, f"needs the option cni {cni};" in spec.json()["errors"][0]["message"]) == (422, True)

"""A service gives what this process gives, in the same classes; and says what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

import reachproof as rp
from reachproof.api.app import create_app
from reachproof.api.settings import Settings
from reachproof.face.service import Service, asked
from reachproof.manifests import load
from reachproof.solver.budget import OutOfBudget
from tests.face.samples import EXAMPLES, REFUTED
from tests.house.places import ROOT

MARKET = ROOT / "notebooks" / "data" / "market"
URL = "http://reachproof.test"
Handler = Callable[[httpx2.Request], httpx2.Response]


class Inside(TestClient):
    """An HTTP client of an app in this process, for which a limit of time means nothing."""

    def request(self, method: str, url: Any, *, timeout: Any = None, **sent: Any) -> Any:
        return super().request(method, url, **sent)


@pytest.fixture
def service() -> Iterator[Service]:
    """A service that was started with the examples, in this process."""
    snapshot = load(EXAMPLES / "tenants-broken")
    settings = Settings(database_url=SecretStr("sqlite://"))
    with Inside(create_app(settings, snapshot), base_url=URL, raise_server_exceptions=False) as http:
        yield asked(URL, http)


def fake(answer: Handler) -> Service:
    """A service that answers as told; it is there."""

    def handle(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"status": "ok"}) if request.url.path == "/healthz" else answer(request)

    return asked(URL, httpx2.Client(base_url=URL, transport=httpx2.MockTransport(handle)))


def refusing(status: int, detail: str = "why", **headers: str) -> Service:
    """A service that refuses everything."""
    problem = {"type": "about:blank", "title": "", "status": status, "detail": detail, "errors": []}
    content = {"content-type": "application/problem+json", **headers}
    return fake(lambda _: httpx2.Response(status, content=json.dumps(problem), headers=content))


def message(call: Callable[[], Any], kind: type[Exception] = rp.ServiceError) -> str:
    """What the error says."""
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def timeless(document: Any) -> Any:
    """A document without times."""
    match document:
        case dict():
            return {key: timeless(each) for key, each in document.items() if key not in ("solverMs", "totalMs")}
        case list():
            return [timeless(each) for each in document]
        case _:
            return document


# ---------------------------------------------------------------- the same answers


@pytest.mark.parametrize(
    "ask",
    [
        lambda where: where.ask(REFUTED),
        lambda where: where.ask("which pods can reach service kube-system/kube-dns on udp/53?"),
        lambda where: where.explain("acme-shop/front-7d9c5", "service acme-shop/db", "5432"),
        lambda where: where.check(),
        lambda where: where.check("invariant a (low): all tenants are isolated", MARKET / "isolation.reach"),
        lambda where: where.lint(),
    ],
    ids=["claim", "list", "explanation", "shipped packs", "packs", "lint"],
)
def test_a_service_gives_the_documents_of_this_process(service: Service, ask: Callable[[Any], Any]) -> None:
    if "MARKET" in ask.__code__.co_names:
        local, remote = ask(rp.load(MARKET)), ask(service.load(MARKET, keep=False))
    else:
        local, remote = ask(rp.load(EXAMPLES / "tenants-broken")), ask(service)
    assert type(local) is type(remote)
    assert timeless(local.document) == timeless(remote.document)


@pytest.mark.parametrize("options", [{"by": "workload"}, {"by": "namespace", "exposure": True, "ports": "tcp"}])
def test_a_service_gives_the_connections_of_this_process(service: Service, options: dict[str, Any]) -> None:
    local, remote = rp.load(EXAMPLES / "tenants-broken").connectivity(**options), service.connectivity(**options)
    for name in ("by", "ends", "rows", "exposures", "assumptions", "warnings", "snapshot"):
        assert getattr(local, name) == getattr(remote, name)
    assert str(local) == str(remote)
    assert local.html() == remote.html()
    assert local.frame().equals(remote.frame())


def test_two_snapshots_of_a_service_are_compared_there(service: Service) -> None:
    old, new = (service.load(EXAMPLES / name, keep=False) for name in ("tenants", "tenants-broken"))
    expected = rp.diff(rp.load(EXAMPLES / "tenants"), rp.load(EXAMPLES / "tenants-broken"), by="pod")
    assert timeless(rp.diff(old, new, by="pod").document) == timeless(expected.document)
    answer = new.ask("nothing changed since snapshot main", since={"main": old})
    assert answer.witness is not None and answer.witness.before is not None
    assert answer.witness.before.name == "main"


def test_places_in_manifests_that_go_along_are_those_of_the_files(service: Service) -> None:
    answer = service.load(EXAMPLES / "tenants", keep=False).ask(REFUTED)
    assert [str(rule.origin) for rule in answer.because] == [f"{EXAMPLES}/tenants/admin-policies.yaml:14"]


def test_objects_go_along_as_they_are(service: Service) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}, "spec": {}}
    assert service.load([pod], keep=False).ask("which pods can pod shop/web reach?").verdict == "listed"


def test_options_go_along_with_each_request(service: Service) -> None:
    sent = service.load(EXAMPLES / "tenants", keep=False, tenantLabel="kubernetes.io/metadata.name")
    assert sent.ask("no pod in tenant acme-shop can reach tenant acme-jobs").verdict == "holds"
    with pytest.raises(rp.InputError, match="unknown option; did you mean `tenantLabel`"):
        service.load(EXAMPLES / "tenants", keep=False, tenantLable="x")


# ---------------------------------------------------------------- stored snapshots


def test_a_stored_snapshot_is_asked_for_by_name() -> None:
    seen: list[Any] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append((request.method, request.url.path, json.loads(request.content or "null")))
        return httpx2.Response(200, json={"id": "sha256:1", "apiVersion": "reachproof/v1", "verdict": "unknown"})

    snapshot = fake(handle).snapshot("prod", cni="calico")
    assert message(lambda: snapshot.ask("all tenants are isolated", timeout=2)) == (
        f"{URL}: unexpected answer (Object missing required field `query`); is the service of another version?"
    )
    assert snapshot.digest == "sha256:1"
    assert seen == [
        (
            "POST",
            "/query",
            {
                "query": "all tenants are isolated",
                "snapshot": "prod",
                "options": {"cni": "calico"},
                "timeoutMs": 2000,
            },
        ),
        ("GET", "/snapshots/prod", None),
    ]


def test_what_is_loaded_is_stored_and_may_get_a_name(tmp_path: Path) -> None:
    seen: list[Any] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        path = request.url.raw_path.decode()
        seen.append((request.method, path, request.headers["content-type"], request.content.decode()))
        return httpx2.Response(201, json={"id": "sha256:7"})

    (tmp_path / "a.yaml").write_text("kind: A", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("kind: B\n", encoding="utf-8")
    snapshot = fake(handle).load(tmp_path, name="pull request/7", channel="standard")
    assert snapshot.digest == "sha256:7"
    (stored, named) = seen
    assert stored[:2] == ("POST", "/snapshots?channel=standard")
    assert stored[2].startswith("multipart/form-data; boundary=")
    assert f'name="manifests"; filename="{tmp_path}/a.yaml"' in stored[3]
    assert "kind: B\n" in stored[3]
    assert named == (
        "PUT",
        "/snapshots/names/pull%20request%2F7",
        "application/json",
        '{"id":"sha256:7"}',
    )


def test_objects_are_stored_as_a_list() -> None:
    seen: list[str] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.content.decode())
        return httpx2.Response(200, json={"id": "sha256:7"})

    assert fake(handle).load([{"kind": "Pod"}]).digest == "sha256:7"
    assert '{"apiVersion": "v1", "kind": "List", "items": [{"kind": "Pod"}]}' in seen[0]


def test_a_service_that_stores_is_asked_by_name_and_digest(service: Service) -> None:
    stored = service.load(EXAMPLES / "tenants", name="main")
    here = rp.load(EXAMPLES / "tenants")
    assert stored.digest == service.snapshot("main").digest == here.digest
    for snapshot in (stored, service.snapshot("main"), service.snapshot(here.digest)):
        assert timeless(snapshot.ask(REFUTED).document) == timeless(here.ask(REFUTED).document)
    sent = service.load(EXAMPLES / "tenants-broken", keep=False)
    assert rp.diff(stored, sent).relation == "looser"
    with pytest.raises(rp.InputError, match="snapshot nowhere not found"):
        service.snapshot("nowhere").lint()


def test_problems_of_what_is_to_be_stored_name_the_files(service: Service, tmp_path: Path) -> None:
    (tmp_path / "z.yaml").write_text("\nkind: Pod\n", encoding="utf-8")
    with pytest.raises(rp.InputError) as caught:
        service.load(tmp_path)
    assert {(each.file, each.line) for each in caught.value.problems} == {(str(tmp_path / "z.yaml"), 2)}


def test_what_cannot_be_stored_is_not_asked_about_in_another_way() -> None:
    with pytest.raises(rp.InputError, match="there is no such thing"):
        refusing(404, "there is no such thing").load(EXAMPLES / "tenants")


def test_a_name_for_what_is_not_kept_is_refused(service: Service) -> None:
    text = message(lambda: service.load(EXAMPLES / "tenants", keep=False, name="main"), ValueError)
    assert text == "cannot name a snapshot that is not kept (name main); leave out name or keep=False"


def test_the_digest_of_what_goes_along_is_not_known_here(service: Service) -> None:
    text = message(lambda: service.load(EXAMPLES / "tenants", keep=False).digest, ValueError)
    assert text == "the digest is known to the service only: look at the evidence of an answer"


def test_snapshots_of_two_places_are_not_compared(service: Service) -> None:
    here, there = rp.load(EXAMPLES / "tenants"), service.load(EXAMPLES / "tenants", keep=False)
    both = "cannot combine a snapshot of a service with one of this process"
    assert message(lambda: rp.diff(here, there), TypeError) == both
    other = "cannot combine a snapshot of this service with one from elsewhere"
    assert message(lambda: rp.diff(there, here), TypeError) == other
    assert message(lambda: there.ask(REFUTED, since={"main": here}), TypeError) == other


def test_snapshots_that_are_read_under_other_options_are_not_compared(service: Service) -> None:
    one, two = (service.load(EXAMPLES / "tenants", keep=False, cni=cni) for cni in ("calico", "cilium"))
    text = "both snapshots need the same options (got {'cni': 'calico'} and {'cni': 'cilium'})"
    assert message(lambda: rp.diff(one, two), ValueError) == text


# ---------------------------------------------------------------- what goes wrong


def test_all_problems_of_a_sentence_are_told_as_here(service: Service) -> None:
    text = "no pod in tenant C can reach pod nowhere/x"
    assert message(lambda: service.ask(text), rp.InputError) == message(
        lambda: rp.load(EXAMPLES / "tenants-broken").ask(text), rp.InputError
    )


def test_problems_of_manifests_and_packs_name_the_files(service: Service, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n", encoding="utf-8")
    (tmp_path / "z.yaml").write_text("\nkind: Pod\n", encoding="utf-8")
    (tmp_path / "bad.reach").write_text("# one\ninvariant x: no pods can rech pods\n", encoding="utf-8")
    with pytest.raises(rp.InputError) as caught:
        service.load(tmp_path, keep=False).lint()
    assert {(each.file, each.line) for each in caught.value.problems} == {(str(tmp_path / "z.yaml"), 2)}
    with pytest.raises(rp.InputError) as caught:
        service.check(tmp_path / "bad.reach")
    assert {(each.file, each.line) for each in caught.value.problems} == {(str(tmp_path / "bad.reach"), 2)}


def test_a_report_that_is_not_finished_is_an_error_as_it_is_here() -> None:
    document = {"apiVersion": "reachproof/v1", "verdict": "unknown", "reason": "time limit of 1 s reached"}
    service = fake(lambda _: httpx2.Response(200, json=document))
    assert message(service.connectivity, OutOfBudget) == "time limit of 1 s reached"


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (401, "why; pass a token that the service accepts"),
        (403, "why; ask who runs the service for a token with a role that may do this"),
        (429, "the service is busy (why); try again in 7 s"),
        (503, "the service is busy (why); try again in 7 s"),
        (502, "unexpected status 502 (why); check the address, or start the service with `reachproof serve`"),
    ],
)
def test_a_service_that_cannot_be_asked_says_why_and_what_to_do(status: int, text: str) -> None:
    service = refusing(status, **{"retry-after": "7"})
    with pytest.raises(rp.ServiceError) as caught:
        service.ask(REFUTED)
    assert str(caught.value) == f"{URL}: {text}"
    assert (caught.value.status, caught.value.retry_after) == (status, 7.0 if status in (429, 503) else None)


def test_a_bug_of_the_service_is_a_bug() -> None:
    assert message(lambda: refusing(500).ask(REFUTED), rp.InternalError) == f"{URL}: why"


def test_a_page_that_is_no_service_of_ours_is_told() -> None:
    service = fake(lambda _: httpx2.Response(200, text="<html>", headers={"content-type": "text/html"}))
    assert message(lambda: service.ask(REFUTED)) == (
        f"{URL}: not a reachproof service (status 200 with text/html); "
        "check the address, or start the service with `reachproof serve`"
    )


def test_half_an_answer_is_told() -> None:
    service = fake(lambda _: httpx2.Response(200, text='{"a":', headers={"content-type": "application/json"}))
    assert message(lambda: service.ask(REFUTED)).startswith(f"{URL}: invalid JSON in the response (")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (httpx2.ConnectError("no route"), "cannot connect (no route)"),
        (httpx2.ReadTimeout("slow"), "no answer in time"),
    ],
)
def test_nothing_that_answers_is_told_when_connecting(error: Exception, text: str) -> None:
    def handle(_: httpx2.Request) -> httpx2.Response:
        raise error

    http = httpx2.Client(base_url=URL, transport=httpx2.MockTransport(handle))
    told = f"{URL}: {text}; check the address, or start the service with `reachproof serve`"
    assert message(lambda: asked(URL, http)) == told
    assert http.is_closed


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host", "http://", ""])
def test_an_address_of_another_form_is_a_value_error(url: str) -> None:
    text = message(lambda: rp.connect(url), ValueError)
    assert text == f"invalid URL {url!r}; write one such as http://localhost:8000"


def test_the_token_goes_along_and_is_not_shown() -> None:
    seen: list[str] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers["authorization"])
        return httpx2.Response(200, json={"status": "ok"})

    headers = {"authorization": "Bearer secret"}
    with asked(URL, httpx2.Client(base_url=URL, headers=headers, transport=httpx2.MockTransport(handle))) as service:
        assert seen == ["Bearer secret"]
        assert repr(service) == f"<Service {URL}>"
        assert repr(service.snapshot("prod")) == f"<Snapshot prod, asked at {URL}>"
        sent = service.load([{"kind": "Pod"}], keep=False)
        assert repr(sent) == f"<Snapshot manifests that go along, asked at {URL}>"


def test_connecting_sends_the_token_as_a_bearer_token(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json={"status": "ok"}))
    client = httpx2.Client

    def make(**given: Any) -> httpx2.Client:
        made.append(given)
        return client(**given, transport=transport)

    monkeypatch.setattr(httpx2, "Client", make)
    for token in ("secret", None):
        rp.connect(URL, token).close()
    assert made == [
        {"base_url": URL, "headers": {"authorization": "Bearer secret"}},
        {"base_url": URL, "headers": {}},
    ]

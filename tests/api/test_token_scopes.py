"""A token that is limited to snapshots: others are not there, in any route, under any name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from reachproof.api.access import Role
from reachproof.api.app import create_app
from reachproof.api.database import Database
from reachproof.api.tables import Token
from reachproof.api.token_scope import TokenScope, scope_of
from reachproof.api.tokens import Tokens
from tests.api.requests import check_problem, tenants
from tests.api.secured import Secured

SENTENCE = "can any pod reach any pod?"
LIMITED = "this token is limited to snapshots named red-*; use such a name"


def manifest(name: str) -> str:
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n"


class Teams(Secured):
    """A service with the snapshots `red-1` and `blue-1`, and a token that is limited to `red-*`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.admin = self.token("write")
        self.red = self.token("write", snapshots=("red-*",))
        self.digest = {name: self.store(self.admin, name).json()["id"] for name in ("red-1", "blue-1")}

    def store(self, token: str, name: str | None, content: str = "") -> Any:
        """The response to an upload."""
        params = {} if name is None else {"name": name}
        headers = {"authorization": f"Bearer {token}", "content-type": "application/yaml"}
        text = content or manifest(str(name))
        return self.client.post("/snapshots", content=text, params=params, headers=headers)

    def send(self, token: str, method: str, path: str, body: Any = None) -> Any:
        """The response to another request."""
        return self.client.request(method, path, json=body, headers={"authorization": f"Bearer {token}"})


@pytest.fixture
def teams(tmp_path: Path) -> Teams:
    return Teams(tmp_path)


def questions(wanted: str) -> list[tuple[str, dict[str, Any]]]:
    """Every question about a stored snapshot."""
    source = {"snapshot": wanted}
    return [
        ("/query", {"query": SENTENCE, **source}),
        ("/query", {"queries": [SENTENCE], **source}),
        ("/query", {"query": SENTENCE, "manifests": [], "snapshots": {"old": source}}),
        ("/query/complete", {"text": "can ", **source}),
        ("/check", {"pack": "invariant a: no pod can reach the internet", **source}),
        ("/connectivity", source),
        ("/explain", {"source": "pods", "destination": "pods", "port": "tcp/80", **source}),
        ("/lint", source),
        ("/diff", {"old": {"manifests": []}, "new": source}),
    ]


@pytest.mark.parametrize("by_name", [True, False])
def test_no_question_finds_a_snapshot_outside(teams: Teams, by_name: bool) -> None:
    for name in ("blue-1", "red-1"):
        wanted = name if by_name else teams.digest[name]
        for path, body in questions(wanted):
            assert teams.send(teams.admin, "POST", path, body).status_code == 200  # so it is in every cache
            response = teams.send(teams.red, "POST", path, body)
            if name == "red-1":
                assert response.status_code == 200
            else:
                check_problem(response, 404, f"snapshot {wanted} not found; store it, or send manifests")


def test_it_is_refused_as_one_that_does_not_exist(teams: Teams) -> None:
    for there, absent in (("blue-1", "blue-2"), (teams.digest["blue-1"], "sha256:" + "0" * 64)):
        for method, path, body in (
            ("GET", "/snapshots/{}", None),
            ("GET", "/snapshots/{}?content=true", None),
            ("DELETE", "/snapshots/{}", None),
            ("GET", "/snapshots/names/{}", None),
            ("DELETE", "/snapshots/names/{}", None),
            ("PUT", "/snapshots/names/red-2", {"id": "{}"}),
        ):
            told = []
            for wanted in (there, absent):
                sent = body and {"id": wanted}
                response = teams.send(teams.red, method, path.format(wanted), sent)
                told.append((response.status_code, response.text.replace(wanted, "WANTED")))
            assert told[0] == told[1]
            assert told[0][0] == 404


def test_the_list_has_only_what_is_in_the_scope_page_by_page(teams: Teams) -> None:
    teams.send(teams.admin, "PUT", "/snapshots/names/blue-2", {"id": "red-1"})
    for number in (2, 3):
        teams.store(teams.admin, f"red-{number}")
    found: list[tuple[str, ...]] = []
    after: str | None = ""
    while after is not None:
        page = teams.send(teams.red, "GET", f"/snapshots?limit=1&after={after}").json()
        found += [tuple(each["names"]) for each in page["snapshots"]]
        after = page["next"]
    assert sorted(found) == [("red-1",), ("red-2",), ("red-3",)]
    reader = teams.token("read", snapshots=("red-*",))
    for content in ("", "?content=true"):
        assert teams.send(reader, "GET", f"/snapshots/{teams.digest['red-1']}{content}").json()["names"] == ["red-1"]


def test_what_is_stored_gets_a_name_of_the_scope_and_it_is_not_told_whether_it_was_there(teams: Teams) -> None:
    for name in (None, "blue-2"):
        check_problem(teams.store(teams.red, name, manifest("mine")), 403, LIMITED)
    check_problem(teams.send(teams.red, "PUT", "/snapshots/names/blue-2", {"id": "red-1"}), 403, LIMITED)
    assert teams.store(teams.red, "red-2", manifest("blue-1")).status_code == 201
    assert teams.store(teams.admin, "red-2", manifest("blue-1")).status_code == 200
    check_problem(
        teams.send(teams.red, "DELETE", "/snapshots/red-2"),
        409,
        "the snapshot has the name red-2; give that to another one, or take it away, first",
    )


def test_what_a_token_stored_itself_stays_in_its_scope_and_in_that_of_no_other(teams: Teams) -> None:
    other = teams.token("write", snapshots=("red-*",))
    digest = teams.store(teams.red, "red-2").json()["id"]
    assert teams.send(teams.red, "DELETE", "/snapshots/names/red-2").status_code == 204
    for path in (f"/snapshots/{digest}", f"/snapshots/{digest}?content=true"):
        assert [teams.send(token, "GET", path).status_code for token in (teams.red, other)] == [200, 404]
    body = {"query": SENTENCE, "snapshot": digest}
    told = [teams.send(token, "POST", "/query", body).status_code for token in (teams.red, teams.red, teams.red, other)]
    assert told == [200, 200, 200, 404]
    assert teams.send(teams.red, "DELETE", f"/snapshots/{digest}").status_code == 204


def test_a_digest_can_be_in_the_scope_and_its_names_are_not_told(teams: Teams) -> None:
    digest = teams.digest["blue-1"]
    token = teams.token("write", snapshots=(digest,))
    assert teams.send(token, "GET", f"/snapshots/{digest}").json()["names"] == []
    response = teams.send(token, "DELETE", f"/snapshots/{digest}")
    check_problem(response, 409, "the snapshot has a name that this token does not see")


@pytest.mark.parametrize("pattern", ["s*", "sh*", "*", "*a", "?ha256*"])
def test_a_digest_fits_patterns_of_digests_alone(teams: Teams, pattern: str) -> None:
    token = teams.token("read", snapshots=(pattern,))
    fits_all = pattern == "*"
    listed = teams.send(token, "GET", "/snapshots").json()["snapshots"]
    assert len(listed) == (2 if fits_all else 0)
    answers = [teams.send(token, "GET", f"/snapshots/{digest}").status_code for digest in teams.digest.values()]
    assert answers == [200 if fits_all else 404] * 2


def test_who_stores_what_another_client_stored_is_not_shown_the_objects_of_that(teams: Teams) -> None:
    idle = """\
---
apiVersion: v1
kind: Pod
metadata: {name: secret-job, namespace: blue-1, labels: {secret: label}}
spec: {containers: [{name: a, image: a}]}
status: {phase: Succeeded}
"""
    same = teams.store(teams.admin, "blue-2", manifest("both") + idle.replace("blue-1", "both")).json()["id"]
    assert teams.store(teams.red, "red-2", manifest("both")).json()["id"] == same
    found = teams.send(teams.red, "GET", "/snapshots/red-2?content=true")
    message = (
        "these objects were stored by another client first, perhaps with more than a digest is made of; leave out "
        "content, or use a token without --snapshot"
    )
    check_problem(found, 403, message)
    assert "secret-job" not in teams.send(teams.red, "GET", "/snapshots/red-2").text
    colleague = teams.token("read", snapshots=("red-*",))
    check_problem(teams.send(colleague, "GET", "/snapshots/red-2?content=true"), 403, message)
    reader = teams.token("read", snapshots=("blue-*",))
    assert "secret-job" in teams.send(reader, "GET", "/snapshots/blue-2?content=true").text


def test_objects_are_shown_to_all_who_see_a_name_that_their_storer_gave(teams: Teams) -> None:
    reader = teams.token("read", snapshots=("red-*",))
    digest = teams.store(teams.red, "red-2").json()["id"]
    for wanted in ("red-1", "red-2", digest):  # the first by an administrator, who gave it that name
        for token in (teams.red, reader, teams.admin):
            assert teams.send(token, "GET", f"/snapshots/{wanted}?content=true").status_code == 200
    by_digest = teams.token("read", snapshots=(teams.digest["blue-1"],))
    assert teams.send(by_digest, "GET", f"/snapshots/{teams.digest['blue-1']}?content=true").status_code == 200


def test_it_is_not_told_whether_somebody_asked_the_same(teams: Teams) -> None:
    teams.store(teams.red, "red-2", manifest("blue-1"))
    told = []
    for token, name in ((teams.admin, "blue-1"), (teams.admin, "blue-1"), (teams.red, "red-2"), (teams.red, "red-2")):
        response = teams.send(token, "POST", "/query", {"query": SENTENCE, "snapshot": name})
        assert response.status_code == 200
        told.append(response.headers.get("x-reachproof-cache"))
    assert told == ["miss", "hit", None, None]


def test_within_namespaces_it_is_not_told_how_large_a_snapshot_is(teams: Teams) -> None:
    token = teams.token("read", namespaces=("shop",))
    [first, _] = teams.send(token, "GET", "/snapshots").json()["snapshots"]
    assert (first["counts"], first["storedBytes"]) == ({}, 0)


def test_the_history_of_a_name_does_not_tell_of_others(teams: Teams) -> None:
    teams.store(teams.red, "red-1", manifest("mine"))
    history = teams.send(teams.red, "GET", "/snapshots/names/red-1").json()["history"]
    assert [each["by"] for each in history] == [f"token {teams.red.split('_')[1]}", None]


def test_what_the_service_was_started_with_has_no_name(teams: Teams) -> None:
    service = TestClient(create_app(teams.settings, tenants()), raise_server_exceptions=False)
    headers = {"authorization": f"Bearer {teams.red}"}
    message = "no manifests and no snapshot, and the service was started without --from; send one of them"
    check_problem(service.post("/query", json={"query": SENTENCE}, headers=headers), 422, message)
    assert service.post("/query/complete", json={"text": "can "}, headers=headers).json()["snapshot"] is None
    digest = tenants().digest
    found = service.post("/lint", json={"snapshot": digest}, headers=headers)
    check_problem(found, 404, f"snapshot {digest} not found; send manifests")
    headers = {"authorization": f"Bearer {teams.token('read', snapshots=(digest,))}"}
    assert service.post("/query", json={"query": SENTENCE}, headers=headers).status_code == 200


def test_numbers_of_the_service_are_for_tokens_without_limits(teams: Teams) -> None:
    message = "numbers of the service are about all who use it; use a token without limits"
    check_problem(teams.send(teams.red, "GET", "/metrics"), 403, message)
    assert teams.send(teams.admin, "GET", "/metrics").status_code == 200


def test_a_role_of_an_issuer_changes_nothing_within_namespaces(teams: Teams) -> None:
    token = teams.token("read", namespaces=("shop",))
    with Database.of(teams.settings.database_url).writing() as session:  # as claims may say, and no command does
        session.get_one(Token, token.split("_")[1]).role = "write"
    message = "a token that is limited to namespaces may not change what is stored; use one without --namespace"
    check_problem(teams.store(token, "mine"), 403, message)
    check_problem(teams.send(token, "DELETE", "/snapshots/names/red-1"), 403, message)
    assert teams.send(token, "GET", "/snapshots/red-1").status_code == 200


def test_a_scope_is_checked_and_does_not_depend_on_order() -> None:
    assert scope_of(["b", "a", "b"], None) == TokenScope(snapshots=("a", "b"))
    assert scope_of(None, ["team-a"]).key != scope_of(["team-a"], None).key
    for given, message in (
        (([], None), "no snapshot pattern; write a name or a digest, with * and ? for what may differ"),
        ((["[a]"], None), "invalid snapshot pattern '[a]'; write a name or a digest, with * and ? for what may differ"),
        ((None, ["a*"]), "invalid namespace 'a*'; write the name of a namespace, without wildcards"),
        ((map(str, range(101)), None), "too many snapshot patterns (101; the limit is 100)"),
    ):
        with pytest.raises(ValueError) as refused:
            scope_of(*given)
        assert str(refused.value) == message


def test_limits_of_a_token_are_kept(database: Database) -> None:
    tokens = Tokens(database)
    limits = TokenScope(snapshots=("a*",), namespaces=("b", "c"))
    for scope in (TokenScope(), limits):
        found = tokens.principal(tokens.create(Role.READ, scope=scope))
        assert found is not None and found.scope == scope
    assert {each.scope for each in tokens.entries()} == {limits, TokenScope()}
    with pytest.raises(ValueError) as refused:
        tokens.create(Role.WRITE, scope=limits)
    assert str(refused.value) == "a token that is limited to namespaces can only have the role read"

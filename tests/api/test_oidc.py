"""JSON Web Tokens: what is taken, and every way to make one that is not."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import jwt
import pytest
from anyio import to_thread
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reachproof.api.access import AccessDenied, Role
from reachproof.api.oidc import (
    SECONDS_BETWEEN,
    Issuer,
    IssuerKeys,
    KeysUnavailable,
    OidcAuthenticator,
)
from tests.api.secured import Secured

ISSUER = "https://issuer.example"
KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())


def public(key: Any, name: str | None) -> dict[str, Any]:
    kind = jwt.algorithms.ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else jwt.algorithms.RSAAlgorithm
    found: dict[str, Any] = kind.to_jwk(key.public_key(), as_dict=True)
    return found | ({"kid": name} if name else {})


def authenticator(folder: Path, *keys: dict[str, Any], **changes: Any) -> OidcAuthenticator:
    file = folder / "keys.json"
    file.write_text(json.dumps({"keys": keys or [public(KEY, "one"), public(CURVE, "two")]}))
    return OidcAuthenticator(issuer(file, **changes))


def issuer(file: Path, **changes: Any) -> Issuer:
    found: dict[str, Any] = {
        "issuer": ISSUER,
        "audience": "reachproof",
        "keys": str(file),
        "algorithms": ("RS256", "ES256"),
        "role_claim": "roles",
        "read": frozenset({"r"}),
        "write": frozenset({"w"}),
        "leeway": 30,
    }
    return Issuer(**(found | changes))


def claims(**changes: Any) -> dict[str, Any]:
    found = {"iss": ISSUER, "aud": "reachproof", "sub": "ada", "exp": int(time.time()) + 600, "roles": ["r"]} | changes
    return {name: value for name, value in found.items() if value is not None}


def signed(key: Any = KEY, name: str | None = "one", algorithm: str = "RS256", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm, headers={"kid": name} if name else {})


def refused(authenticator: OidcAuthenticator, token: str) -> tuple[int, str]:
    with pytest.raises(AccessDenied) as denied:
        authenticator.verified(token)
    return denied.value.status, denied.value.detail


def raw(header: dict[str, Any], body: dict[str, Any], signature: bytes = b"") -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in (header, body)]
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def test_a_token_of_the_issuer_is_taken_with_its_role(tmp_path: Path) -> None:
    found = authenticator(tmp_path)
    assert found.verified(signed()).role is Role.READ
    assert found.verified(signed(roles=["w", "r"])).role is Role.WRITE
    assert found.verified(signed(roles="other w")).role is Role.WRITE
    assert found.verified(signed(CURVE, "two", "ES256")).name == "oidc ada"


def test_a_claim_limits_a_token_to_snapshots(tmp_path: Path) -> None:
    found = authenticator(tmp_path, snapshots_claim="clusters")
    assert found.verified(signed(clusters=["prod-*", "pr-?"])).scope.snapshots == ("pr-?", "prod-*")
    assert found.verified(signed(clusters="prod *")).scope.snapshots is None
    for clusters in (None, [], "", 5, ["a b"]):
        message = "the token is valid, but has no limits that can be read here"
        assert refused(found, signed(clusters=clusters)) == (403, message)


def test_a_claim_limits_a_token_to_namespaces(tmp_path: Path) -> None:
    found = authenticator(tmp_path, namespaces_claim="teams.namespaces")
    assert found.verified(signed(teams={"namespaces": ["b", "a"]})).scope.namespaces == ("a", "b")
    assert found.verified(signed(teams={"namespaces": "*"})).scope.namespaces is None
    assert refused(found, signed())[0] == 403


def test_a_role_can_be_inside_another_claim(tmp_path: Path) -> None:
    found = authenticator(tmp_path, role_claim="realm_access.roles")
    assert found.verified(signed(roles=None, realm_access={"roles": ["r"]})).role is Role.READ
    flat = jwt.encode(claims(roles=None) | {"realm_access.roles": ["w"]}, KEY, "RS256", headers={"kid": "one"})
    assert found.verified(flat).role is Role.WRITE


@pytest.mark.parametrize("roles", [None, [], ["x"], "", 5, {"r": True}, [["r"]]])
def test_a_token_without_a_role_is_forbidden(tmp_path: Path, roles: Any) -> None:
    assert refused(authenticator(tmp_path), signed(roles=roles)) == (403, "the token is valid, but gives no role here")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "other"},
        {"aud": None},
        {"exp": None},
        {"exp": int(time.time()) - 60},
        {"exp": "soon"},
        {"sub": None},
        {"sub": 5},
        {"nbf": int(time.time()) + 600},
    ],
    ids=lambda changes: "-".join(f"{name} {value}"[:9] for name, value in changes.items()),
)
def test_a_token_with_a_wrong_claim_is_not_valid(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert refused(authenticator(tmp_path), signed(**changes)) == (401, "invalid token")


def test_clocks_may_differ_by_the_leeway(tmp_path: Path) -> None:
    assert authenticator(tmp_path).verified(signed(exp=int(time.time()) - 10)).name == "oidc ada"


def test_a_token_with_a_wrong_signature_or_algorithm_is_not_valid(tmp_path: Path) -> None:
    found = authenticator(tmp_path)
    header, body = {"alg": "none", "kid": "one"}, claims(roles=["w"])
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    confused = {"alg": "HS256", "kid": "one"}
    unsigned = raw(confused, body).rpartition(".")[0]
    good = signed()
    head, _, tail = good.split(".")
    tokens = {
        "alg none": raw(header, body),
        "alg None": raw({**header, "alg": "None"}, body),
        "no alg": raw({"kid": "one"}, body),
        "HS256 with the public key": raw(confused, body, hmac.digest(pem, unsigned.encode(), sha256)),
        "another key": signed(OTHER),
        "an unknown name of a key": signed(name="three"),
        "no name where there are two keys": signed(name=None),
        "a name that is no text": raw({"alg": "RS256", "kid": 5}, body),
        "an algorithm that is not set": signed(algorithm="RS512"),
        "an algorithm of another kind of key": raw({"alg": "ES256", "kid": "one"}, body, b"x" * 64),
        "another body": f"{head}.{raw(header, body).split('.')[1]}.{tail}",
        "no JSON": "a.b.c",
        "nothing": "..",
    }
    assert {why: refused(found, token)[0] for why, token in tokens.items()} == dict.fromkeys(tokens, 401)


def test_a_symmetric_key_of_the_issuer_is_no_key(tmp_path: Path) -> None:
    secret = base64.urlsafe_b64encode(b"s" * 32).decode()
    found = authenticator(tmp_path, {"kty": "oct", "kid": "one", "k": secret}, public(KEY, "two"))
    assert refused(found, jwt.encode(claims(), b"s" * 32, "HS256", headers={"kid": "one"}))[0] == 401
    assert found.verified(signed(name="two")).name == "oidc ada"


def test_a_single_key_needs_no_name(tmp_path: Path) -> None:
    assert authenticator(tmp_path, public(KEY, None)).verified(signed(name=None)).name == "oidc ada"


def test_a_file_is_read_again_and_its_old_keys_are_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [public(KEY, "one")]}))
    at = 1_000.0
    keys = IssuerKeys(str(file), lambda: at)
    assert keys.key("one") is not None
    file.write_text(json.dumps({"keys": [public(OTHER, "two")]}))
    assert keys.key("two") is None  # strangers cannot make us read at every request
    at += SECONDS_BETWEEN + 1
    assert (keys.key("two") is not None, keys.key("one")) == (True, None)


def test_a_failure_is_remembered(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    at = 1_000.0
    keys = IssuerKeys(str(file), lambda: at)
    for content in (None, json.dumps({"keys": [public(KEY, "one")]})):
        if content:
            file.write_text(content)
        with pytest.raises(KeysUnavailable, match="No such file"):
            keys.key("one")
    at += SECONDS_BETWEEN + 1
    assert keys.key("one") is not None


def test_whoever_waits_for_keys_takes_no_thread_from_other_work(tmp_path: Path) -> None:
    waiting, go_on = Event(), Event()

    class HangingKeys(IssuerKeys):
        def key(self, key_id: str | None) -> None:
            waiting.set()
            go_on.wait()

    async def story() -> None:
        hanging = OidcAuthenticator(issuer(tmp_path), HangingKeys(str(tmp_path)))
        strangers = [asyncio.create_task(hanging.principal(signed())) for _ in range(60)]
        try:
            assert await to_thread.run_sync(waiting.wait)
            assert await asyncio.gather(*(to_thread.run_sync(str, number) for number in range(60)))
        finally:
            go_on.set()
        assert {type(found) for found in await asyncio.gather(*strangers, return_exceptions=True)} == {AccessDenied}

    asyncio.run(story())


def test_a_service_takes_both_kinds_of_tokens(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [public(KEY, "one")]}))
    changes = {"oidc_issuer": ISSUER, "oidc_audience": "reachproof", "oidc_jwks": str(file), "oidc_read": ("r",)}
    secured = Secured(tmp_path, **changes)
    assert secured.ask(signed()).status_code == 200
    assert secured.ask(signed(), "POST", "/snapshots").status_code == 403
    assert secured.ask(signed(OTHER)).status_code == 401
    assert secured.ask(secured.token("read")).status_code == 200
    file.unlink()
    assert Secured(tmp_path, **changes).ask(signed()).status_code == 503


@contextmanager
def serving(content: bytes, status: int = 200) -> Iterator[str]:
    """The URL of a document on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("location", "http://127.0.0.1:1/")
            self.end_headers()
            try:
                self.wfile.write(content)
            except OSError:
                self.close_connection = True  # the reader had enough

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/keys"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_keys_are_read_from_a_url() -> None:
    with serving(json.dumps({"keys": [public(KEY, "one")]}).encode()) as url:
        keys = IssuerKeys(url)
        assert [keys.key("one") is None, keys.key(None) is None, keys.key("two") is None] == [False, False, True]


@pytest.mark.parametrize(
    ("content", "status"), [(b"x", 200), (b"[]", 200), (b"{}", 200), (b"", 302), (b"", 404), (b"", 500)], ids=str
)
def test_documents_that_are_no_keys_or_elsewhere_are_not_taken(content: bytes, status: int) -> None:
    with serving(content, status) as url, pytest.raises(KeysUnavailable):
        IssuerKeys(url).key("one")

"""Hostile requests: what a client sends who wants the service to stop, to starve, or to say what is not true."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.hostile.good import NAME, SENTENCES

JSON = {"content-type": "application/json"}
YAML = {"content-type": "application/yaml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """A request of one kind. `hangs_up`: the client leaves without an answer."""

    kind: str
    method: str = "POST"
    path: str = "/query"
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(default_factory=lambda: JSON)
    hangs_up: bool = False


Maker = Callable[[random.Random], Bad]


def _json(kind: str, value: Any, path: str = "/query") -> Bad:
    return Bad(kind=kind, path=path, body=json.dumps(value).encode())


def nested(chance: random.Random) -> Bad:
    depth = chance.choice((60, 500, 5_000, 40_000))
    text = b'{"query":"x","manifests":' + b"[" * depth + b"]" * depth + b"}"
    return Bad(kind="nested lists", body=text)


def nested_yaml(chance: random.Random) -> Bad:
    depth = chance.choice((100, 3_000))
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {'[' * depth}{']' * depth}\n"
    return _json("nested YAML", {"query": SENTENCES[0], "manifests": text})


def many_errors(chance: random.Random) -> Bad:
    return _json("many errors", {"queries": [{"a": 1}] * chance.choice((100, 9_000)), "snapshot": NAME})


def many_bad_objects(chance: random.Random) -> Bad:
    broken = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "x"}, "spec": []}
    return _json("many broken objects", {"query": SENTENCES[0], "manifests": [broken] * chance.choice((50, 1_500))})


def large_list(chance: random.Random) -> Bad:
    return _json("large list", {"query": "x", "manifests": [{}] * chance.choice((2_000, 150_000))})


def aliases(chance: random.Random) -> Bad:
    levels = chance.choice((6, 10))
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return _json("aliases of aliases", {"query": SENTENCES[0], "manifests": "\n".join(lines)})


def duplicate_keys(chance: random.Random) -> Bad:
    keys = ",".join(f'"k{number}":1' for number in range(chance.choice((100, 20_000))))
    return Bad(kind="keys twice", body=f'{{"query":"x","manifests":[{{{keys},{keys}}}]}}'.encode())


def blanks(chance: random.Random) -> Bad:
    return Bad(kind="blanks", body=b" " * chance.choice((1_000, 800_000)) + b'{"query":')


def not_json(chance: random.Random) -> Bad:
    return Bad(kind="not JSON", body=chance.randbytes(chance.choice((1, 1_000, 200_000))))


def wrong_type(chance: random.Random) -> Bad:
    headers = {"content-type": chance.choice(("text/plain", "application/x-www-form-urlencoded", "image/png"))}
    return Bad(kind="wrong content type", body=b'{"query":"x"}', headers=headers)


def long_sentence(chance: random.Random) -> Bad:
    word = chance.choice(("pod ", "not ", "(", "pods labelled a=b or "))
    return _json("long sentence", {"query": "no " + word * chance.choice((100, 2_400)), "snapshot": NAME})


def many_sentences(chance: random.Random) -> Bad:
    return _json("many sentences", {"queries": [SENTENCES[0]] * chance.choice((101, 5_000)), "snapshot": NAME})


def odd_names(chance: random.Random) -> Bad:
    name = chance.choice(("\x00", "a" * 100_000, "../../etc/passwd", "%2e%2e%2f", "\ud800", "sha256:" + "0" * 64))
    return Bad(kind="odd names", body=json.dumps({"query": SENTENCES[0], "snapshot": name}).encode())


def deep_options(chance: random.Random) -> Bad:
    value: Any = "x"
    for _ in range(chance.choice((10, 900))):
        value = {"domains": value}
    return _json("deep options", {"query": SENTENCES[0], "snapshot": NAME, "options": value})


def large_options(chance: random.Random) -> Bad:
    value: object = chance.choice(([[]] * 400_000, "x" * 2_000_000, {f"k{number}": [] for number in range(20_000)}))
    return _json("large options", {"query": SENTENCES[0], "snapshot": NAME, "options": {"domains": value}})


def odd_numbers(chance: random.Random) -> Bad:
    number = chance.choice(("-1", "0", "1e308", "1e999", "9" * 5_000, "NaN"))
    return Bad(kind="odd numbers", body=f'{{"query":"x","snapshot":"{NAME}","timeoutMs":{number}}}'.encode())


def gzip_bomb(chance: random.Random) -> Bad:
    content = gzip.compress(b"a" * chance.choice((1_000_000, 40_000_000)), mtime=0)
    return Bad(kind="gzip bomb", path="/snapshots", body=content, headers={**YAML, "content-encoding": "gzip"})


def gzip_members(chance: random.Random) -> Bad:
    content = gzip.compress(b"", mtime=0) * chance.choice((100, 30_000))
    return Bad(kind="empty gzip members", path="/snapshots", body=content, headers={**YAML, "content-encoding": "gzip"})


def broken_gzip(chance: random.Random) -> Bad:
    content = gzip.compress(chance.randbytes(5_000), mtime=0)
    cut = content[: chance.randrange(len(content))]
    return Bad(kind="broken gzip", path="/snapshots", body=cut, headers={**YAML, "content-encoding": "gzip"})


def broken_upload(chance: random.Random) -> Bad:
    text = chance.choice(
        ("kind: [", "\t- a", "a: b\n" * 50_000, "&a [*a]", "!!python/object:os.system {}", "---\n" * 5_000)
    )
    return Bad(kind="broken upload", path="/snapshots", body=text.encode(), headers=YAML)


def odd_ids(chance: random.Random) -> Bad:
    end = chance.choice(("sha256:" + "f" * 64, "%00", "a" * 3_000, "..%2f..", "names/", "sha256:" + "g" * 64))
    return Bad(kind="odd ids", method=chance.choice(("GET", "DELETE")), path=f"/snapshots/{end}", body=b"")


def odd_methods(chance: random.Random) -> Bad:
    path = chance.choice(("/query", "/healthz", "/snapshots", "/no/such/path"))
    return Bad(kind="odd methods", method=chance.choice(("PUT", "PATCH", "TRACE", "PURGE")), path=path, body=b"{}")


def odd_headers(chance: random.Random) -> Bad:
    own = {"cache-control": "x" * 5_000, "authorization": "Bearer " + "é".encode().decode("latin-1") * 500}
    return Bad(kind="odd headers", body=b'{"query":"x"}', headers={**JSON, **own, "accept": "\t" * 200})


def hang_up(chance: random.Random) -> Bad:
    sentence = chance.choice(SENTENCES)
    body = json.dumps({"query": sentence, "snapshot": NAME}).encode()
    return Bad(kind="hang up", body=body, headers={**JSON, "cache-control": "no-cache"}, hangs_up=True)


def no_time(chance: random.Random) -> Bad:
    body = {"query": chance.choice(SENTENCES), "snapshot": NAME, "timeoutMs": 1}
    return Bad(kind="no time", body=json.dumps(body).encode(), headers={**JSON, "cache-control": "no-cache"})


BAD: tuple[Maker, ...] = (
    nested,
    nested_yaml,
    many_errors,
    many_bad_objects,
    large_list,
    aliases,
    duplicate_keys,
    blanks,
    not_json,
    wrong_type,
    long_sentence,
    many_sentences,
    odd_names,
    deep_options,
    large_options,
    odd_numbers,
    gzip_bomb,
    gzip_members,
    broken_gzip,
    broken_upload,
    odd_ids,
    odd_methods,
    odd_headers,
    hang_up,
    no_time,
)

"""The files of the page: what is served, how large it is, and that others' files are what they say they are."""

from __future__ import annotations

import gzip
import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

from reachproof.api.console import HEADERS, assets
from tests.api.requests import client
from tests.house.places import ROOT

CONSOLE = ROOT / "api" / "console"
OWN = sorted(path for path in CONSOLE.iterdir() if path.suffix in {".js", ".html"})
MOST_BYTES = 500_000
# What makes markup or code of a text.
MARKUP = (
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc|setHTML"
    r"|\beval\b|new Function|javascript:|\bon\w+\s*="
)
ELSEWHERE = r"https?://|['\"]//"


def vendored() -> list[tuple[Path, dict[str, str]]]:
    """Each file of others with what its manifest says of it."""
    manifests = (CONSOLE / "vendor" / "vendored.json", ROOT / "tests" / "api" / "vendor" / "vendored.json")
    return [(path.parent, entry) for path in manifests for entry in json.loads(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("folder", "entry"), vendored(), ids=[entry["file"] for _, entry in vendored()])
def test_a_file_of_others_is_what_its_manifest_says(folder: Path, entry: dict[str, str]) -> None:
    assert sha256((folder / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    assert sha256((folder / entry["licenseFile"]).read_bytes()).hexdigest() == entry["licenseSha256"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", entry["version"])
    assert entry["license"] in {"MIT", "MPL-2.0"}


def test_no_file_of_others_is_without_a_manifest() -> None:
    named = {each for _, entry in vendored() for each in (entry["file"], entry["licenseFile"])}
    named |= {"vendored.json", "axe.LICENSE-3RD-PARTY.txt"}
    assert {path.name for folder in {folder for folder, _ in vendored()} for path in folder.iterdir()} == named


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_the_page_makes_no_markup_of_texts_and_names_no_other_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(MARKUP, text) == []
    assert re.findall(ELSEWHERE, text) == []
    assert "<style" not in text
    assert re.findall(r"<script(?![^>]*\bsrc=)|\sstyle=", text) == []


def test_everything_that_the_page_may_load_weighs_less_than_half_a_megabyte() -> None:
    needed = {path: asset for path, asset in assets().items() if not path.startswith("example/")}
    with_headers = [len(asset.packed) + 700 for asset in needed.values()]
    assert sum(with_headers) < MOST_BYTES


@pytest.mark.parametrize("path", ["/", *(f"/console/{name}" for name in assets())])
def test_every_file_has_the_headers_that_protect_it(path: str) -> None:
    response = client().get(path)
    assert response.status_code == 200
    assert {name: response.headers[name] for name in HEADERS} == dict(HEADERS)
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy.split("; "))


def test_a_script_is_a_script_and_a_page_is_a_page() -> None:
    kinds = {path: client().get(path).headers["content-type"] for path in ("/", "/console/app.js", "/console/icon.svg")}
    assert kinds == {
        "/": "text/html; charset=utf-8",
        "/console/app.js": "text/javascript; charset=utf-8",
        "/console/icon.svg": "image/svg+xml",
    }


def test_what_is_sent_is_compressed_for_those_who_can_read_it() -> None:
    packed = client().get("/console/app.js", headers={"accept-encoding": "gzip"})
    plain = client().get("/console/app.js", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert packed.content == plain.content == (CONSOLE / "app.js").read_bytes()
    assert gzip.decompress(assets()["app.js"].packed) == plain.content


def test_a_file_that_the_browser_has_is_not_sent_again() -> None:
    etag = client().get("/").headers["etag"]
    again = client().get("/", headers={"if-none-match": f'"other", W/{etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert client().get("/", headers={"if-none-match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", ["nothing.js", "../app.py", "vendor/vendored.json", "vendor/cytoscape.LICENSE", ""])
def test_nothing_else_is_served(path: str) -> None:
    assert client().get(f"/console/{path}").status_code == 404

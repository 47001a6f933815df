"""The page in a browser: upload, ask, complete, look closer, share; by keyboard, in light and dark, with odd names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reachproof.api.app import create_app
from reachproof.manifests import load_text
from reachproof.network.cluster import Pod
from reachproof.network.origin import Origin
from reachproof.network.policy import PolicyRef
from reachproof.network.snapshot import Snapshot
from tests.api.browser import opened, running, serving
from tests.api.requests import EXAMPLES, MANIFESTS, tenants
from tests.api.secured import Secured
from tests.house.places import ROOT
from tests.required import chromium

FILES = sorted((EXAMPLES / "tenants").glob("*.yaml"))
AXE = ROOT / "tests" / "api" / "vendor" / "axe.min.js"
REFUTED = "every pod can reach service kube-system/kube-dns on udp/53"
PROVED = "no pod in tenant A can reach pod acme-shop/db-0"
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium("the console page") as started:
        yield started


@pytest.fixture(scope="module")
def bare() -> Iterator[str]:
    """A service without a snapshot of its own."""
    with serving() as address:
        yield address


@pytest.fixture(scope="module")
def own() -> Iterator[str]:
    """A service that was started with the example."""
    with serving(tenants()) as address:
        yield address


@pytest.fixture
def page(browser: Any, bare: str) -> Iterator[Any]:
    """The page with the example uploaded."""
    with opened(browser, bare) as page:
        upload(page, *FILES)
        yield page


def upload(page: Any, *files: Path) -> None:
    page.set_input_files("#files", [str(file) for file in files])
    page.wait_for_selector(".samples")


def ask(page: Any, text: str) -> None:
    page.fill("#question", text)
    page.click("#submit")
    page.wait_for_selector(".verdict")


def test_without_a_snapshot_the_page_says_what_to_do(browser: Any, bare: str) -> None:
    with opened(browser, bare) as page:
        assert "Load manifests" in page.inner_text(".welcome")
        assert "None yet" in page.inner_text("#snapshot")
        page.click("text=Try it with the example cluster")
        page.click(".samples li:nth-child(2) button")
        page.wait_for_selector(".verdict.bad")


def test_the_snapshot_of_the_service_is_there_at_once(browser: Any, own: str) -> None:
    with opened(browser, own) as page:
        assert "4 namespaces · 6 pods · 2 services · 5 policies" in page.inner_text("#snapshot")
        ask(page, REFUTED)
        page.click(".place")
        assert "The text of this file is not on this page" in page.inner_text("#source")


def test_files_that_are_dropped_are_the_snapshot(browser: Any, bare: str) -> None:
    with opened(browser, bare) as page:
        transfer = page.evaluate_handle(
            """(text) => {
              const data = new DataTransfer();
              data.items.add(new File([text], "shop.yaml"));
              return data;
            }""",
            MANIFESTS,
        )
        page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})
        page.wait_for_selector(".samples")
        assert "shop.yaml" in page.inner_text("#snapshot")
        assert "1 namespace · 1 pod · 0 services · 0 policies" in page.inner_text("#snapshot")


def test_manifests_that_are_pasted_are_the_snapshot_and_wrong_ones_leave_the_one_before(page: Any) -> None:
    page.click("#paste summary")
    page.fill("#pasted", MANIFESTS.replace("name: shop", "name: Shop", 1))
    page.click("#use-pasted")
    page.wait_for_selector("#snapshot .problem")
    problem = page.inner_text("#snapshot .problem")
    assert "pasted.yaml:1 metadata.name" in problem and "expected a DNS label" in problem
    ask(page, PROVED)
    page.fill("#pasted", MANIFESTS)
    page.click("#use-pasted")
    page.wait_for_selector(".samples")
    assert "pasted.yaml" in page.inner_text("#snapshot")


def test_a_refuted_claim_shows_the_flow_and_the_line_of_the_rule_that_decides(page: Any) -> None:
    ask(page, REFUTED)
    assert "violated" in page.inner_text(".verdict.bad")
    flow = page.inner_text(".flow")
    assert "acme-shop/db-0" in flow and "kube-system/kube-dns-6d4b7" in flow and "UDP 53" in flow
    page.wait_for_selector(".picture[data-drawn] canvas")
    told = page.get_attribute("figure", "aria-label")
    assert "egress is decided by the networkpolicy tier: deny" in told
    assert "isolates pod acme-shop/db-0 for egress" in page.inner_text(".trace .decides.deny")
    page.click(".trace .decides.deny .place")
    assert page.inner_text("#source-title").startswith("shop-policies.yaml")
    marked = page.locator(".code li.marked")
    assert (marked.count(), marked.inner_text().strip()) == (1, "apiVersion: networking.k8s.io/v1")
    assert marked.get_attribute("value") == "38"


def test_a_rule_in_the_picture_leads_to_its_line_too(page: Any) -> None:
    ask(page, REFUTED)
    page.wait_for_selector(".picture[data-drawn] canvas")
    place = page.evaluate(
        """() => {
          const box = document.querySelector(".picture");
          const at = box.graph.$("node.decides.deny").renderedPosition();
          const { left, top } = box.getBoundingClientRect();
          return [left + at.x, top + at.y];
        }"""
    )
    page.mouse.click(*place)
    page.wait_for_selector("#source:not([hidden])")
    assert page.inner_text("#source-title").startswith("shop-policies.yaml")


def test_a_proved_claim_shows_the_rules_that_the_proof_rests_on(page: Any) -> None:
    ask(page, PROVED)
    assert "holds" in page.inner_text(".verdict.good")
    rules = page.locator(".trace li")
    assert rules.count() == 3
    page.click(".place >> nth=0")
    assert page.inner_text("#source-title").startswith("admin-policies.yaml")
    assert page.locator(".code li.marked").get_attribute("value") == "14"


def test_a_list_is_a_table(page: Any) -> None:
    ask(page, "which pods can reach namespace kube-system?")
    assert page.locator(".rows thead th").all_inner_texts() == ["pods", "ports", "depends"]
    assert page.locator(".rows tbody tr").count() >= 1


def test_a_mistake_is_marked_and_mended_with_a_button(page: Any) -> None:
    page.fill("#question", "can pods rech tenant A")
    page.wait_for_selector(".mistake")
    text, caret = page.inner_text(".mistake pre").split("\n")
    assert text[caret.index("^") : caret.rindex("^") + 1] == "rech"
    assert "did you mean reach?" in page.inner_text(".mistake")
    assert page.get_attribute("#question", "aria-invalid") == "true"
    page.click(".instead button >> nth=0")
    assert page.input_value("#question") == "can pods reach tenant A"
    page.wait_for_selector(".mistake", state="detached")


def test_a_name_that_does_not_exist_is_marked_when_it_is_asked(page: Any) -> None:
    page.fill("#question", "can tenant C reach tenant A?")
    page.keyboard.press("Enter")
    page.wait_for_selector(".mistake")
    assert "no tenant C in the snapshot; it has A, B" in page.inner_text(".mistake")


def test_a_question_is_completed_and_asked_with_the_keyboard_alone(page: Any) -> None:
    page.focus("#question")
    for typed, wanted in (("can po", "pods"), ("in nam", "namespace"), ("acme-s", "acme-shop"), ("rea", "reach")):
        page.keyboard.type(typed)
        page.keyboard.press("ArrowDown")
        page.wait_for_selector("[role=option][aria-selected=true]")
        chosen = page.get_attribute("#question", "aria-activedescendant")
        assert page.inner_text(f"#{chosen} .text") == wanted
        page.keyboard.press("Enter")
        page.wait_for_function("(end) => document.querySelector('#question').value.endsWith(end)", arg=f"{wanted} ")
    page.keyboard.type("pods?")
    assert page.input_value("#question") == "can pods in namespace acme-shop reach pods?"
    page.keyboard.press("Escape")
    assert page.get_attribute("#question", "aria-expanded") == "false"
    page.keyboard.press("Enter")
    page.wait_for_selector(".verdict")


def test_suggestions_do_not_cover_the_answer_to_a_question_that_was_asked(page: Any) -> None:
    page.fill("#question", "can pods reach pods")
    with page.expect_response("**/query"):
        page.keyboard.press("Enter")  # before the suggestions are there
    page.wait_for_selector(".verdict")
    assert not page.is_visible("#suggestions")


def test_views_and_lines_are_within_reach_of_the_keyboard(page: Any) -> None:
    page.focus("#tab-ask")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".matrix")
    assert page.evaluate("document.activeElement.id") == "tab-matrix"
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.id") == "tab-ask"
    ask(page, PROVED)
    page.focus(".place >> nth=0")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "source"


def test_the_matrix_leads_from_namespaces_to_workloads_to_rules(page: Any) -> None:
    page.click("#tab-matrix")
    page.click("[aria-label='acme-shop to acme-shop: tcp/9000']")
    page.click("[aria-label='acme-shop/front-7d9c5 to acme-shop/orders-5b6f8: tcp/9000']")
    page.wait_for_selector(".pair")
    assert "allowed: tcp/9000" in page.inner_text(".pair")
    page.click(".pair .place >> nth=1")
    assert page.locator(".code li.marked").get_attribute("value") == "30"
    page.click("nav >> text=acme-shop → acme-shop")
    page.click("[aria-label='acme-shop/db-0 to acme-shop/orders-5b6f8: nothing']")
    page.wait_for_selector(".pair")
    assert "nothing is allowed" in page.inner_text(".pair")
    page.click("nav >> text=All namespaces")
    page.click("[aria-label='outside: 0.0.0.0/0 to acme-shop: tcp/8080']")
    page.wait_for_selector(".crumbs li:nth-child(2)")
    assert page.locator(".matrix tbody th").all_inner_texts() == ["outside: 0.0.0.0/0"]
    page.click("nav >> text=All namespaces")
    page.wait_for_selector("h2:has-text('All namespaces')")
    page.fill("#matrix-filter", "acme")
    assert page.locator(".matrix tbody th").all_inner_texts() == ["acme-jobs", "acme-shop"]


def test_a_pack_runs_and_each_statement_opens_to_its_answer(page: Any) -> None:
    page.click("#tab-pack")
    page.click("text=Run the pack")
    page.wait_for_selector(".statement")
    assert "4 statements: 2 passed, 2 failed" in page.inner_text("#report .verdict")
    failed = page.locator(".statement.bad").first
    assert "dns-works" in failed.inner_text()
    failed.locator("summary").first.click()
    assert "acme-shop/db-0" in failed.locator(".flow").inner_text()


def test_a_link_carries_the_question_and_the_snapshot(browser: Any, own: str, page: Any) -> None:
    ask(page, PROVED)
    fragment = page.evaluate("location.hash")
    assert "sha256" in fragment
    with opened(browser, f"{own}/{fragment}") as visitor:
        visitor.wait_for_selector(".verdict.good")
        assert visitor.input_value("#question") == PROVED


def test_a_link_to_a_snapshot_that_is_not_here_says_so(browser: Any, bare: str) -> None:
    with opened(browser, f"{bare}/#q=can+pods+reach+pods&s=sha256%3A{'0' * 64}") as page:
        page.wait_for_selector("#notice:not([hidden])")
        assert "which this service does not have" in page.inner_text("#notice")
        assert page.input_value("#question") == "can pods reach pods"


def test_the_token_goes_with_each_request_and_stays_in_this_tab(browser: Any, own: str) -> None:
    with opened(browser, own) as page:
        page.click("#access summary")
        page.fill("#token", "secret")
        with page.expect_request("**/query/complete") as asked:
            page.click("text=Use it")
        assert asked.value.headers["authorization"] == "Bearer secret"
        assert page.evaluate("[sessionStorage.length, localStorage.length, document.cookie]") == [1, 0, ""]
        page.click("text=Forget it")
        assert page.evaluate("sessionStorage.length") == 0


def test_with_a_token_for_reading_one_can_ask_about_manifests(browser: Any, tmp_path: Path) -> None:
    secured = Secured(tmp_path)
    with running(create_app(secured.settings)) as address, opened(browser, address) as page:
        assert "Enter your token" in page.inner_text("#snapshot")
        page.fill("#token", secured.token("read"))
        page.click("text=Use it")
        page.wait_for_selector("#snapshot >> text=None yet")
        upload(page, *FILES)
        ask(page, PROVED)
        assert "holds" in page.inner_text(".verdict.good")


@pytest.mark.parametrize(("status", "said"), [(401, "Enter your token"), (403, "does not allow this")])
def test_who_may_not_ask_is_told_politely(browser: Any, own: str, status: int, said: str) -> None:
    with opened(browser, own) as page:
        page.route("**/query", lambda route: route.fulfill(status=status, json={"detail": "no", "errors": []}))
        page.fill("#question", PROVED)
        page.click("#submit")
        page.wait_for_selector(".problem")
        assert said in page.inner_text(".problem")
        assert page.is_visible("#token")


def hostile() -> Snapshot:
    """A cluster whose every name is markup; the reader of manifests refuses such names, other sources may not."""
    text = f"""\
apiVersion: v1
kind: Namespace
metadata: {{name: shop}}
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {{name: deny}}
spec:
  priority: 1
  subject: {{namespaces: {{}}}}
  ingress: [{{name: "{EVIL}", action: Deny, from: [{{namespaces: {{}}}}]}}]
"""
    base = load_text(text, name=EVIL)
    origin = Origin(file=EVIL, line=1, path=EVIL)
    pods = tuple(
        Pod(
            namespace=EVIL,
            name=EVIL + number,
            labels={EVIL: EVIL},
            addresses=(int(number),),
            workload=f"Deployment/{EVIL}{number}",
            origin=origin,
        )
        for number in "12"
    )
    namespaces = tuple(replace(each, name=EVIL, labels={"tenant": EVIL}) for each in base.namespaces)
    policies = tuple(
        replace(each, ref=PolicyRef(kind="AdminNetworkPolicy", namespace=EVIL, name=EVIL), origin=origin)
        for each in base.policies
    )
    return replace(base, namespaces=namespaces, pods=pods, policies=policies)


def test_hostile_names_are_text(browser: Any) -> None:
    with serving(hostile()) as address, opened(browser, address) as page:
        for question in ("can pods reach pods?", "every pod can reach every pod", "why can't pods reach pods?"):
            ask(page, question)
            assert EVIL in page.inner_text("#answer")
        page.fill("#question", "can pods in tenant ")
        page.wait_for_selector("[role=option]")
        assert EVIL in page.inner_text("[role=option] >> nth=0")
        page.fill("#question", f'can tenant "{EVIL}x" reach pods')
        page.wait_for_selector(".mistake")
        page.click("#tab-matrix")
        page.click(".matrix .cell >> nth=0")
        page.wait_for_selector(".crumbs li:nth-child(2)")
        assert EVIL in page.inner_text(".crumbs")
        page.set_input_files("#files", {"name": f"{EVIL}.yaml", "mimeType": "text/yaml", "buffer": b"kind: <b>"})
        page.wait_for_selector("#snapshot .problem")
        assert page.locator("img").count() == 0


# What depends on the scheme is contrast alone; the other rules are about what is the same in both.
@pytest.mark.parametrize(("scheme", "rules"), [("light", {}), ("dark", {"runOnly": ["color-contrast"]})])
def test_the_page_is_accessible(browser: Any, bare: str, scheme: str, rules: dict[str, Any]) -> None:
    with opened(browser, bare, color_scheme=scheme, reduced_motion="reduce") as page:
        page.evaluate(AXE.read_text(encoding="utf-8"))
        violations = audit(page, rules)
        upload(page, *FILES)
        ask(page, REFUTED)
        page.click(".place >> nth=0")
        page.click("details.notices summary")
        for details in ("#paste", "#reading", "#access"):
            page.click(f"{details} summary")
        violations += audit(page, rules)
        ask(page, PROVED)
        page.fill("#question", "can pods in tenant ")
        page.wait_for_selector("[role=option]")
        page.keyboard.press("ArrowDown")
        violations += audit(page, rules)
        page.fill("#question", "can pods rech nodes")
        page.wait_for_selector(".mistake")
        violations += audit(page, rules)
        page.click("#tab-matrix")
        page.wait_for_selector(".matrix")
        violations += audit(page, rules)
        page.click("#tab-pack")
        page.click("text=Run the pack")
        page.click(".statement.bad summary >> nth=0")
        violations += audit(page, rules)
    assert violations == []


def audit(page: Any, rules: dict[str, Any]) -> list[str]:
    """Violations that axe-core finds in the page as it is."""
    found = page.evaluate("async (rules) => (await axe.run(rules)).violations", rules)
    return [f"{each['id']}: {node['html'][:200]} {node['failureSummary']}" for each in found for node in each["nodes"]]


def test_a_narrow_page_does_not_scroll_sideways(browser: Any, bare: str) -> None:
    with opened(browser, bare, viewport={"width": 390, "height": 800}) as page:
        upload(page, *FILES)
        ask(page, REFUTED)
        page.wait_for_selector(".picture[data-drawn]")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_snapshot_that_is_loaded_is_stored_and_asked_about_by_its_id(page: Any) -> None:
    with page.expect_request("**/query") as asked:
        ask(page, PROVED)
    assert asked.value.post_data_json == {"snapshot": tenants().digest, "query": PROVED}


def test_where_nothing_is_stored_the_manifests_go_with_each_question(browser: Any, bare: str) -> None:
    with opened(browser, bare) as page:
        page.route("**/snapshots", lambda route: route.fulfill(status=403, json={"detail": "no", "errors": []}))
        upload(page, *FILES)
        with page.expect_request("**/query") as asked:
            ask(page, PROVED)
        assert set(asked.value.post_data_json) == {"manifests", "query"}
        page.click(".place >> nth=0")
        assert page.inner_text("#source-title").startswith("admin-policies.yaml")
        assert page.locator(".code li.marked").get_attribute("value") == "14"


def test_what_the_service_stores_is_offered_to_everybody(browser: Any, bare: str, page: Any) -> None:
    with opened(browser, bare) as visitor:
        visitor.select_option("#stored-list", tenants().digest)
        visitor.wait_for_selector(".samples")
        ask(visitor, REFUTED)
        visitor.click(".place")
        assert "The text of this file is not on this page" in visitor.inner_text("#source")


def test_a_stored_snapshot_is_given_a_name(browser: Any) -> None:
    with serving() as address, opened(browser, address) as page:
        upload(page, *FILES)
        page.fill("#snapshot-name", "prod")
        page.click("#naming button")
        page.wait_for_selector("#stored-list option:has-text('prod ·')", state="attached")
        assert not page.is_visible("#naming")
        found = page.request.get(f"{address}/snapshots/prod").json()
        assert found["id"] == tenants().digest


def test_files_that_are_loaded_again_have_their_lines(browser: Any) -> None:
    with serving() as address:
        for _ in range(2):
            with opened(browser, address) as page:
                upload(page, *FILES)
                ask(page, PROVED)
                page.click(".place >> nth=0")
                assert page.locator(".code li.marked").get_attribute("value") == "14"


def test_the_lines_of_other_files_with_the_same_objects_are_not_taken_for_those_of_these(browser: Any) -> None:
    text = "---\n".join(file.read_text(encoding="utf-8") for file in reversed(FILES))
    with serving() as address, opened(browser, address) as page:
        upload(page, *FILES)
        page.set_input_files("#files", {"name": FILES[0].name, "mimeType": "text/yaml", "buffer": text.encode()})
        page.wait_for_selector("#notice:not([hidden])")
        assert "has stored this snapshot before, from other files" in page.inner_text("#notice")
        ask(page, PROVED)
        page.click(".place >> nth=0")
        assert "The text of this file is not on this page" in page.inner_text("#source")

// The page put together: which snapshot is asked about, and what the views do with it.

import { answerView } from "./answer.js";
import { Question } from "./combobox.js";
import { byId, counted, el, fill } from "./dom.js";
import { Matrix } from "./matrix.js";
import { EXAMPLE_PACK, reportView } from "./packs.js";
import { Refused, Service, Source, token } from "./service.js";
import { share, shared } from "./share.js";
import { hideSource, shower } from "./source.js";

const EXAMPLE = ["cluster.yaml", "admin-policies.yaml", "shop-policies.yaml"];
const QUESTIONS = [
  ["Is it so? A claim is proved or refuted", "no pod in tenant A can reach any pod in a different tenant"],
  ["A claim that a flow refutes", "every pod can reach service kube-system/kube-dns on udp/53"],
  ["Can this happen?", "can pod acme-shop/front-7d9c5 reach pod acme-shop/orders-5b6f8 on tcp/9000?"],
  ["Why not?", "why can't pod acme-shop/orders-5b6f8 reach service acme-shop/db on tcp/5432?"],
  ["A complete list", "which pods can reach namespace kube-system?"],
];
const GENERAL = [
  ["A complete list", "show reachability between namespaces"],
  ["Does anything come in from outside?", "which pods can the internet reach?"],
  ["A claim is proved or refuted", "all namespaces are isolated"],
  ["Is a pod forgotten?", "every pod is selected by a network policy for ingress"],
  ["Rules that do nothing", "which rules are shadowed?"],
];

const service = new Service();
let source = new Source();
let counts = null;
let isExample = false;
const show = shower(() => source);
const question = new Question((text, cursor, signal) => service.complete(source, text, cursor, signal), ask);
const matrix = new Matrix(byId("view-matrix"), {
  connectivity: (request) => service.connectivity(source, request),
  namespaces: () => service.namespaces(source),
  show,
  report: problem,
});

// ---------------------------------------------------------------- what went wrong

/** What to say about an error of a request about a source; asks for a token where one is missing. */
function problem(error, about = source) {
  if (!(error instanceof Refused)) return el("div", { className: "problem", role: "alert" }, el("p", {}, `The service cannot be reached: ${error.message}`));
  const needsToken = error.status === 401 || error.status === 403;
  if (needsToken) byId("access").open = true;
  const said = {
    401: "The service asks who you are. Enter your token under “Access token”, and try again.",
    403: "Your token does not allow this. Ask for one that does, and enter it under “Access token”.",
    413: "These manifests are larger than the service takes.",
    429: "Too many requests: wait a moment, and try again.",
    503: "The service is busy: wait a moment, and try again.",
  }[error.status];
  const listed = error.problems.map((each) => {
    const place = each.line ? placed(about, each) : each.file && each.file !== "query" ? `${each.file} ` : "";
    return el("li", {}, el("code", {}, `${place}${each.path ?? ""}`), el("pre", {}, each.message));
  });
  return el("div", { className: "problem", role: "alert" }, el("p", {}, said ?? error.message), listed.length ? el("ul", {}, listed) : null);
}

function placed(about, { file, line }) {
  const found = about.locate({ file, line }) ?? { file, line };
  return `${found.file}:${found.line} `;
}

function notify(text) {
  const notice = byId("notice");
  notice.textContent = text;
  notice.hidden = !text;
}

// ---------------------------------------------------------------- the snapshot

/** Takes a source as what is asked about; false where the service refuses it. */
async function use(candidate, { example = false } = {}) {
  const before = [source, isExample];
  [source, isExample] = [candidate, example];
  hideSource();
  try {
    const found = await service.complete(source, "", 0);
    counts = found.snapshot;
  } catch (error) {
    [source, isExample] = before;
    fill(byId("snapshot"), problem(error, candidate), counts ? summary() : null);
    return false;
  }
  fill(byId("snapshot"), summary());
  fill(byId("answer"), welcome());
  fill(byId("report"));
  if (!byId("view-matrix").hidden) matrix.open();
  else fill(byId("view-matrix"));
  if (question.text) question.update({ open: false });
  await listStored();
  return true;
}

function summary() {
  if (!counts) return el("p", { className: "faint" }, "None yet. Load manifests below.");
  const title = source.files.length ? source.files.map((file) => file.name).join(", ") : source.name || (source.stored ? "stored" : "the service’s own");
  const entries = ["namespace", "pod", "service"].map((noun) => counted(counts[`${noun}s`], noun));
  return el("div", {}, el("p", {}, el("strong", {}, title)), el("p", { className: "facts" }, [...entries, counted(counts.policies, "policy")].join(" · ")), el("p", { className: "facts" }, el("code", { title: counts.id }, counts.id.slice(0, 19))));
}

async function load(files, extra) {
  if (!files.length) return;
  notify("");
  try {
    const kept = await service.upload(files);
    await use(kept, extra);
    if (kept.stored && !kept.files.length) notify("The service has stored this snapshot before, from other files; the places of rules are those in them.");
  } catch (error) {
    fill(byId("snapshot"), problem(error, new Source({ files })), counts ? summary() : null);
  }
}

async function readFiles(listed) {
  const files = await Promise.all([...listed].map(async (file) => ({ name: file.name, text: await file.text() })));
  files.sort((one, other) => one.name.localeCompare(other.name, "en"));
  return files.map((file, index) => (files.findIndex(({ name }) => name === file.name) < index ? { ...file, name: `${index}-${file.name}` } : file));
}

async function loadExample() {
  const files = await Promise.all(EXAMPLE.map(async (name) => ({ name, text: await (await fetch(`/console/example/${name}`)).text() })));
  await load(files, { example: true });
}

/** Offers the snapshots that the service stores. */
async function listStored() {
  const listed = await service.stored().catch(() => []);
  byId("stored").hidden = !listed.length;
  const label = ({ id, names, createdAt }) => `${names.length ? names.join(", ") : id.slice(7, 15)} · ${createdAt.slice(0, 10)}`;
  const options = listed.map((each) => el("option", { value: each.id }, label(each)));
  fill(byId("stored-list"), el("option", { value: "" }, "Choose one"), options);
  byId("stored-list").value = listed.some((each) => each.id === counts?.id) ? counts.id : "";
  byId("naming").hidden = !listed.some((each) => each.id === counts?.id && !each.names.length);
}

async function giveName(event) {
  event.preventDefault();
  try {
    await service.name(counts.id, byId("snapshot-name").value.trim());
    byId("snapshot-name").value = "";
    await listStored();
  } catch (error) {
    fill(byId("snapshot"), problem(error), summary());
  }
}

// ---------------------------------------------------------------- asking

let turn = 0; // of the question that was asked last: an answer to one before it comes too late

async function ask(text) {
  if (!text.trim()) return;
  hideSource();
  const mine = ++turn;
  const place = byId("answer");
  place.setAttribute("aria-busy", "true");
  try {
    const answer = await service.query(source, text);
    if (mine !== turn) return;
    const link = share({ question: text, snapshot: answer.evidence.snapshot, options: service.options });
    fill(byId("fault"));
    fill(place, answerView(answer, show, linkButton(link)));
  } catch (error) {
    if (mine !== turn) return;
    const typed = error instanceof Refused && error.status === 422 && error.problems.every((each) => each.file === "query");
    if (typed && error.problems.length) {
      fill(place);
      await question.update({ open: false });
      if (!byId("fault").childElementCount) fill(place, problem(error));
    } else {
      fill(place, problem(error));
    }
  } finally {
    if (mine === turn) place.setAttribute("aria-busy", "false");
  }
}

function linkButton(link) {
  const button = el("button", { type: "button", className: "quiet", id: "share" }, "Copy link");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(link);
      button.textContent = "Link copied";
    } catch {
      button.replaceWith(el("input", { type: "text", value: link, readonly: true, "aria-label": "Link to this question" }));
    }
  });
  return button;
}

/** What to do first, or what could be asked. */
function welcome() {
  if (!counts) {
    return el(
      "div",
      { className: "welcome" },
      el("h2", {}, "Ask what a cluster’s network policies allow"),
      el("p", {}, "An answer is a proof, or a flow that shows the opposite, with the rule that lets it through."),
      el("ol", {}, el("li", {}, "Load manifests at the side: files, a paste, or ", el("code", {}, "kubectl get -A -o yaml namespaces,pods,services,networkpolicies"), "; or choose a stored snapshot."), el("li", {}, "Type a question. What may come next is offered as you type."), el("li", {}, "Choose a rule of the answer to see the line it comes from.")),
      el("p", {}, el("button", { type: "button", className: "main", on: { click: loadExample } }, "Try it with the example cluster")),
    );
  }
  const entry = ([what, text]) => el("li", {}, el("button", { type: "button", className: "sample", on: { click: () => sample(text) } }, el("span", { className: "facts" }, what), el("span", {}, text)));
  return el("div", { className: "welcome" }, el("h2", {}, "Things to ask"), el("ul", { className: "samples" }, (isExample ? QUESTIONS : GENERAL).map(entry)));
}

function sample(text) {
  question.text = text;
  fill(byId("fault"));
  question.input.focus();
  ask(text);
}

async function check(event) {
  event.preventDefault();
  hideSource();
  const place = byId("report");
  place.setAttribute("aria-busy", "true");
  try {
    fill(place, reportView(await service.check(source, byId("pack").value), show));
  } catch (error) {
    fill(place, problem(error));
  } finally {
    place.setAttribute("aria-busy", "false");
  }
}

// ---------------------------------------------------------------- views

const TABS = ["ask", "matrix", "pack"];

function select(name) {
  hideSource();
  for (const each of TABS) {
    const chosen = each === name;
    const tab = byId(`tab-${each}`);
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    byId(`view-${each}`).hidden = !chosen;
  }
  if (name === "matrix" && counts && !matrix.panel.childElementCount) matrix.open();
  if (name === "matrix" && !counts) fill(matrix.panel, el("p", { className: "faint" }, "Load manifests first."));
}

function arrows(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = TABS[(TABS.indexOf(event.target.id.slice(4)) + step + TABS.length) % TABS.length];
  select(next);
  byId(`tab-${next}`).focus();
}

for (const name of TABS) {
  byId(`tab-${name}`).addEventListener("click", () => select(name));
  byId(`tab-${name}`).addEventListener("keydown", arrows);
}

// ---------------------------------------------------------------- controls at the side

function options() {
  const entries = { tenantLabel: byId("tenant-label").value.trim(), cni: byId("cni").value };
  service.options = Object.fromEntries(Object.entries(entries).filter(([, value]) => value));
}

function connectControls() {
  const drop = byId("drop");
  const take = async (listed) => load(await readFiles(listed));
  byId("choose").addEventListener("click", () => byId("files").click());
  byId("files").addEventListener("change", (event) => take(event.target.files).then(() => (event.target.value = "")));
  document.addEventListener("dragover", (event) => (event.preventDefault(), drop.classList.add("over")));
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && drop.classList.remove("over"));
  document.addEventListener("drop", (event) => (event.preventDefault(), drop.classList.remove("over"), take(event.dataTransfer.files)));
  byId("use-pasted").addEventListener("click", () => load([{ name: "pasted.yaml", text: byId("pasted").value }]));
  byId("example").addEventListener("click", loadExample);
  byId("stored-list").addEventListener("change", ({ target }) => target.value && use(new Source({ id: target.value, stored: true, name: target.selectedOptions[0].textContent })));
  for (const id of ["tenant-label", "cni"]) byId(id).addEventListener("change", () => (options(), use(source, { example: isExample })));
  byId("token-form").addEventListener("submit", (event) => (event.preventDefault(), token.set(byId("token").value.trim()), start()));
  byId("drop-token").addEventListener("click", () => (token.set(""), (byId("token").value = "")));
  byId("naming").addEventListener("submit", giveName);
  byId("check").addEventListener("submit", check);
  byId("choose-pack").addEventListener("click", () => byId("pack-file").click());
  byId("pack-file").addEventListener("change", async (event) => (byId("pack").value = await event.target.files[0].text()));
  byId("pack").value = EXAMPLE_PACK;
}

// ---------------------------------------------------------------- start

/** Begins with the service's own snapshot, or the one that a link names, and asks the question of the link. */
async function start() {
  const wanted = shared();
  byId("tenant-label").value = wanted.tenantLabel;
  byId("cni").value = wanted.cni;
  options();
  service.bare = true;
  const own = await service.complete(new Source(), "", 0).catch(() => null);
  service.bare = !own?.snapshot;
  const usable = await use(source);
  if (!usable) fill(byId("answer"), welcome());
  if (usable && wanted.snapshot && counts?.id !== wanted.snapshot) {
    const named = new Source({ id: wanted.snapshot, stored: true });
    if (!(await use(named))) {
      await use(new Source());
      notify(`The link is about snapshot ${wanted.snapshot.slice(0, 19)}, which this service does not have. Load its manifests to ask the question about them.`);
    }
  }
  if (!wanted.question) return;
  question.text = wanted.question;
  if (counts && (!wanted.snapshot || counts.id === wanted.snapshot)) await ask(wanted.question);
}

connectControls();
start();

// An answer: its verdict, the flow that shows it or the rules that prove it, and what it rests on.

import { counted, el } from "./dom.js";
import { picture } from "./picture.js";

const SAYS = {
  holds: ["good", "✓", "Proved: no flow of this cluster breaks the claim."],
  violated: ["bad", "✗", "Refuted: the flow below breaks the claim."],
  reachable: ["open", "→", "Shown by the flow below."],
  unreachable: ["shut", "⊘", "Proved: no such flow gets through."],
  listed: ["told", "≡", "The complete list, never a sample."],
  explained: ["told", "≡", "What decides, and where it stands."],
  unknown: ["unsure", "?", "Not decided."],
};

export const verdictClass = (verdict) => (SAYS[verdict] ?? SAYS.unknown)[0];

/** The verdict as a word with a sign and a colour. */
export function badge(verdict, text = verdict) {
  const [tone, sign] = SAYS[verdict] ?? SAYS.unknown;
  return el("span", { className: `badge ${tone}` }, el("span", { "aria-hidden": "true" }, sign), ` ${text}`);
}

/** The whole answer. `show(origin)`: called to show a place of the input; `link`: makes the button that copies a link. */
export function answerView(answer, show, link) {
  return el(
    "article",
    { className: "answer", "aria-label": "Answer" },
    heading(answer, link),
    answer.witness ? witnessView(answer.witness, show) : null,
    answer.because.length ? becauseView(answer, show) : null,
    answer.near ? nearView(answer.near, show) : null,
    answer.columns ? rowsView(answer) : null,
    notices("Assumptions", answer.assumptions, show),
    notices("Warnings", answer.warnings, show),
    evidence(answer),
  );
}

function heading(answer, link) {
  const [tone, , sentence] = SAYS[answer.verdict] ?? SAYS.unknown;
  const quantified = answer.verdict === "unreachable" && answer.witness ? "Refuted for all of them: the flow below does not get through." : sentence;
  return el(
    "div",
    { className: `verdict ${tone}` },
    el("h2", {}, badge(answer.verdict)),
    el("p", {}, answer.reason || quantified),
    answer.vacuous ? el("p", { className: "vacuous" }, "Nothing to check: no traffic matches the question.") : null,
    el("p", { className: "asked" }, el("q", {}, answer.query)),
    answer.plain ? el("p", { className: "asked" }, "understood as ", el("q", {}, answer.normalized)) : null,
    link ? el("div", { className: "buttons" }, link) : null,
  );
}

// ---------------------------------------------------------------- the flow

/** `shop/web`, `node n1` or an address. */
export function endName(end) {
  if (end.kind === "external") return end.ip ?? outside(end.cidrs);
  if (end.kind === "node") return `node ${end.name}`;
  if (end.kind === "namespace" || end.kind === "tenant") return end.name;
  return `${end.namespace}/${end.name}`;
}

function outside(cidrs) {
  if (cidrs.length === 0) return "outside"; // which addresses is not told to everyone
  return cidrs.length > 2 ? `outside: ${cidrs[0]} and ${cidrs.length - 1} more` : `outside: ${cidrs.join(", ")}`;
}

function endView(title, end) {
  const facts = [
    end.kind === "external" ? "outside the cluster" : null,
    end.ip && end.kind !== "external" ? end.ip : null,
    end.workload,
    end.tenant ? `tenant ${end.tenant}` : null,
    end.possible ? "could be created; it does not exist" : null,
    ...Object.entries(end.labels ?? {}).slice(0, 4).map(([key, value]) => `${key}=${value}`),
  ].filter(Boolean);
  return el("div", {}, el("dt", {}, title), el("dd", {}, el("strong", {}, endName(end)), el("span", { className: "facts" }, facts.join(" · "))));
}

/** A flow with its picture and its trace. */
export function witnessView(witness, show) {
  const port = `${witness.protocol} ${witness.port}`;
  const via = witness.via ? `asked for by service ${endName(witness.via.service)}` : null;
  return el(
    "section",
    { "aria-label": "Flow" },
    el("dl", { className: "flow" }, endView("From", witness.source), endView("To", witness.destination), el("div", {}, el("dt", {}, "On"), el("dd", {}, el("strong", {}, port), via ? el("span", { className: "facts" }, via) : null))),
    picture(witness, show),
    lanes(witness, show),
    witness.before ? el("details", { className: "notices" }, el("summary", {}, `The same flow in snapshot ${witness.before.since}`), lanes(witness.before, show)) : null,
  );
}

function lanes(witness, show) {
  return el("div", { className: "lanes" }, ["egress", "ingress"].map((direction) => lane(witness, direction, show)));
}

function lane(witness, direction, show) {
  const steps = witness.trace.filter((step) => step.direction === direction);
  if (!steps.length) return null;
  const subject = direction === "egress" ? "leaving" : "arriving at";
  return el(
    "section",
    {},
    el("h3", {}, `${direction === "egress" ? "Egress" : "Ingress"}: ${subject} ${steps.at(-1).subject}`),
    el("ol", { className: "trace" }, steps.map((step, index) => stepView(step, index === steps.length - 1, show))),
  );
}

function stepView(step, decides, show) {
  return el(
    "li",
    { className: decides ? `decides ${step.action}` : step.action },
    el("p", { className: "tags" }, el("span", { className: "tag" }, `${step.tier} tier`), el("span", { className: `tag ${step.action}` }, step.action), decides ? el("strong", {}, "decides") : null),
    el("p", {}, step.text),
    placeButton(step.origin, show),
  );
}

/** A button that shows a place of the input. */
export function placeButton(origin, show) {
  if (!origin?.file) return null;
  const place = show.place(origin);
  const label = `${place.file.split("/").at(-1)}:${place.line}${origin.path ? ` ${origin.path}` : ""}`;
  return el("button", { type: "button", className: "place", title: `Show ${place.file}, line ${place.line}`, on: { click: () => show(origin) } }, label);
}

// ---------------------------------------------------------------- rules, rows, notices

function becauseView(answer, show) {
  const title = answer.form === "why" ? "What decides" : "What the proof rests on";
  return el("section", {}, el("h3", {}, title), ruleList(answer.because, show));
}

/** The rules that came nearest to letting the flow through, each with the conditions that fail. */
function nearView(rules, show) {
  const unmet = (each) => el("p", {}, `${each.undetermined ? "undetermined" : "but"}: ${each.text}`);
  const entry = (rule) =>
    el(
      "li",
      { className: "near" },
      el("p", { className: "tags" }, el("span", { className: "tag" }, rule.direction)),
      el("p", {}, rule.text),
      rule.failing.map(unmet),
      placeButton(rule.origin, show),
    );
  return el("section", {}, el("h3", {}, "The rules that came nearest"), el("ul", { className: "trace" }, rules.map(entry)));
}

/** Rules, each with its place. */
export function ruleList(rules, show) {
  const entry = (rule) =>
    el(
      "li",
      { className: `decides ${rule.action}` },
      el("p", { className: "tags" }, el("span", { className: "tag" }, rule.direction), el("span", { className: `tag ${rule.action}` }, rule.action)),
      el("p", {}, rule.text),
      placeButton(rule.origin, show),
    );
  return el("ul", { className: "trace" }, rules.map(entry));
}

function rowsView({ columns, rows }) {
  if (!rows.length) return el("p", {}, "No results.");
  const cell = (value) => el("td", {}, Array.isArray(value) ? value.join(", ") : value);
  return el(
    "div",
    { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Rows" },
    el("table", { className: "rows" }, el("thead", {}, el("tr", {}, columns.map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, rows.map((row) => el("tr", {}, columns.map((name) => cell(row[name])))))),
  );
}

export function notices(title, listed, show) {
  if (!listed.length) return null;
  const entry = (each) => el("li", {}, el("code", {}, each.code), ` ${each.text} `, placeButton(each.origin, show));
  return el("details", { className: "notices" }, el("summary", {}, counted(listed.length, title.slice(0, -1).toLowerCase())), el("ul", {}, listed.map(entry)));
}

function evidence({ evidence: known, world }) {
  const facts = [
    known.replayed ? "replayed by the evaluator" : null,
    known.crossChecked ? "two engines agree" : null,
    `${known.engine}`,
    `${Math.round(known.totalMs)} ms`,
    world === "open" ? "pods that could exist are included" : null,
    known.snapshot.slice(0, 15),
  ];
  return el("p", { className: "evidence" }, facts.filter(Boolean).join(" · "));
}

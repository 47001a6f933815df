// Who reaches whom: namespaces, then the workloads of two of them, then the rules between two workloads.

import { endName, notices, ruleList } from "./answer.js";
import { el, fill } from "./dom.js";

const MOST = 60;
const WORDS = 8;
const ENOUGH = 8_000; // milliseconds for rules of all pairs; where that is too little, without them

const quoted = (name) => (name.includes('"') ? `'${name}'` : `"${name}"`);

/** An end of a report as a set of the language. */
function setOf(end) {
  if (end.kind === "external") return `(${end.cidrs.join(" or ")}) except pods except nodes`;
  if (end.kind === "node") return `node ${quoted(end.name)}`;
  if (end.kind === "namespace") return `pods in namespace ${quoted(end.name)}`;
  return `${end.workload ? "workload" : "pod"} ${quoted(end.namespace)}/${quoted(end.name)}`;
}

const keyOf = (end) => JSON.stringify([end.kind, end.namespace ?? "", end.workload ?? "", end.name ?? "", end.cidrs ?? ""]);

/** `tcp/80, udp/53`, `all ports` or nothing. */
function ports(connections) {
  if (connections === undefined) return "";
  if (connections === "all") return "all ports";
  const range = (protocol, [low, high]) => {
    if (low === 1 && high === 65535) return protocol.toLowerCase();
    return `${protocol.toLowerCase()}/${low === high ? low : `${low}-${high}`}`;
  };
  return Object.entries(connections).flatMap(([protocol, ranges]) => ranges.map((each) => range(protocol, each))).join(", ");
}

export class Matrix {
  /** `connectivity(request)` and `namespaces()` ask the service; `show` shows a place of the input. */
  constructor(panel, { connectivity, namespaces, show, report }) {
    this.panel = panel;
    this.connectivity = connectivity;
    this.namespaces = namespaces;
    this.show = show;
    this.report = report;
    this.trail = [];
  }

  /** The view from the start: all namespaces. */
  open() {
    return this.go([{ title: "All namespaces", load: () => this.between({ by: "namespace" }) }]);
  }

  /** Shows the last of the steps that lead there. */
  async go(trail, { focus = false } = {}) {
    this.trail = trail;
    this.panel.setAttribute("aria-busy", "true");
    try {
      const found = await trail.at(-1).load();
      if (this.trail !== trail) return;
      fill(this.panel, this.crumbs(), found.verdict === "unknown" ? el("p", {}, found.reason) : this.view(found));
      if (focus) this.panel.querySelector("h2").focus();
    } catch (error) {
      fill(this.panel, this.report(error));
    } finally {
      this.panel.setAttribute("aria-busy", "false");
    }
  }

  /** A report with its ends: those that nothing is allowed for are in no row, and are found in another way. */
  async between(request) {
    if (request.by === "namespace") {
      const [found, names] = await Promise.all([this.connectivity(request), this.namespaces()]);
      return { ...found, others: names.map((name) => ({ kind: "namespace", namespace: name, name })) };
    }
    const explained = await this.connectivity({ ...request, explain: true, timeoutMs: ENOUGH });
    return explained.verdict === "unknown" ? this.connectivity(request) : explained;
  }

  crumbs() {
    const last = this.trail.length - 1;
    const crumb = ({ title }, index) =>
      el("li", {}, index === last ? el("h2", { tabIndex: -1, "aria-current": "page" }, title) : el("button", { type: "button", className: "link", on: { click: () => this.go(this.trail.slice(0, index + 1), { focus: true }) } }, title));
    return el("nav", { "aria-label": "Where in the matrix", className: "crumbs" }, el("ol", {}, this.trail.map(crumb)));
  }

  view(found) {
    return this.trail.at(-1).rules ? this.rules(found) : this.table(found);
  }

  // ---- a matrix

  table(report) {
    const { rows, absent = [], others = [] } = report;
    const sources = ends([...rows, ...absent].map((row) => row.src).concat(others));
    const targets = ends([...rows, ...absent].map((row) => row.dst).concat(others));
    if (!sources.length) return el("p", {}, "Nothing is allowed between any two of these.");
    const filter = el("input", { type: "search", id: "matrix-filter", autocomplete: "off", placeholder: "part of a name" });
    const frame = el("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Matrix" });
    const draw = () => fill(frame, this.grid(report, [sources, targets], filter.value.toLowerCase()));
    filter.addEventListener("input", draw);
    draw();
    return [el("div", { className: "bar" }, el("p", { className: "hint" }, "Each row is a source, each column a destination. Choose a cell to look closer."), el("div", { className: "field" }, el("label", { htmlFor: "matrix-filter" }, "Show"), filter)), legend(), frame];
  }

  grid(report, both, wanted) {
    const fits = (end) => endName(end).toLowerCase().includes(wanted);
    const [sources, destinations] = both.map((listed) => listed.filter(fits));
    const known = new Map(report.rows.map((row) => [keyOf(row.src) + keyOf(row.dst), row]));
    const [down, across] = [sources.slice(0, MOST), destinations.slice(0, MOST)];
    const inWords = across.length <= WORDS;
    const head = el("tr", {}, el("td", { className: "corner" }, "from ↓ to →"), across.map((end) => el("th", { scope: "col" }, el("span", {}, endName(end)))));
    const line = (source) => el("tr", {}, el("th", { scope: "row" }, endName(source)), across.map((target) => el("td", {}, this.cell([source, target], known.get(keyOf(source) + keyOf(target)), inWords, report))));
    const cut = sources.length > MOST || destinations.length > MOST;
    return [
      el("table", { className: inWords ? "matrix words" : "matrix signs" }, el("thead", {}, head), el("tbody", {}, down.map(line))),
      cut ? el("p", { className: "hint" }, `The first ${down.length} of ${sources.length} sources and ${across.length} of ${destinations.length} destinations; narrow them down by name.`) : null,
    ];
  }

  cell([source, target], row, inWords, report) {
    const text = ports(row?.connections);
    const said = row ? (row.depends ? `${text}, undetermined: ${ports(row.depends)}` : text) : "nothing";
    const tone = !row ? "none" : row.depends ? "depends" : row.connections === "all" ? "all" : "some";
    const sign = { none: "·", all: "all", some: "some", depends: "?" }[tone];
    return el(
      "button",
      { type: "button", className: `cell ${tone}`, title: said, "aria-label": `${endName(source)} to ${endName(target)}: ${said}`, on: { click: () => this.closer(source, target, report) } },
      inWords ? (row ? (row.depends ? `${text} ?` : text) : "·") : sign,
    );
  }

  closer(source, target, report) {
    const title = `${endName(source)} → ${endName(target)}`;
    const isGroup = (end) => end.kind === "namespace";
    const rules = !isGroup(source) && !isGroup(target);
    const request = { by: "workload", src: setOf(source), dst: setOf(target) };
    const isPair = (row) => keyOf(row.src) === keyOf(source) && keyOf(row.dst) === keyOf(target);
    const known = rules && report.absent && { rows: report.rows.filter(isPair), absent: report.absent.filter(isPair) };
    return this.go([...this.trail, { title, rules, load: () => known || this.between(request) }], { focus: true });
  }

  // ---- the rules between two ends

  rules({ rows, absent = [], assumptions = [] }) {
    const part = (row) => {
      const allowed = row.connections === undefined ? "" : ports(row.connections);
      const title = `${endName(row.src)} → ${endName(row.dst)}`;
      return el("section", { className: "pair" }, title === this.trail.at(-1).title ? null : el("h3", {}, title), tags(row, allowed), row.because?.length ? ruleList(row.because, this.show) : el("p", {}, "No policy decides; what nothing decides is allowed."));
    };
    const all = [...rows, ...absent];
    const depends = rows.some((row) => row.depends) ? notices("Assumptions", assumptions, this.show) : null;
    return all.length ? [...all.map(part), depends] : el("p", {}, "There is no such pair.");
  }
}

const PARTIAL = {
  pods: "only between some of their pods",
  addresses: "only at some of their addresses",
  unknownAddresses: "depends on pod addresses that are not known; narrow them with podCidr",
  podsOrAddresses: "only between some of their pods or addresses",
};

/** What is allowed, and how sure that is. */
function tags(row, allowed) {
  if (!allowed) return el("p", {}, el("span", { className: "tag deny" }, "nothing is allowed"));
  const certain = !row.depends && !row.partial;
  const said = allowed === "all ports" ? "all ports are allowed" : `allowed: ${allowed}`;
  return el(
    "p",
    { className: "tags" },
    el("span", { className: certain ? "tag allow" : "tag" }, said),
    row.depends ? el("span", { className: "tag" }, `undetermined: ${ports(row.depends)}`) : null,
    row.partial ? el("span", { className: "tag" }, `${ports(row.partial)}: ${PARTIAL[row.partialBy]}`) : null,
  );
}

/** The ends, each once: by name, what is outside at the end. */
function ends(listed) {
  const found = new Map(listed.map((end) => [keyOf(end), end]));
  return [...found.values()].sort((one, other) => (one.kind === "external") - (other.kind === "external") || endName(one).localeCompare(endName(other), "en"));
}

function legend() {
  const entry = (tone, text) => el("li", {}, el("span", { className: `swatch ${tone}`, "aria-hidden": "true" }), text);
  return el("ul", { className: "legend" }, entry("all", "all ports"), entry("some", "some ports"), entry("depends", "undetermined"), entry("none", "nothing"));
}

// The flow of an answer through the tiers of its egress and its ingress, up to the rule that decides. What the picture
// shows, the trace below it says in words.

import { el, shortened } from "./dom.js";

const TIERS = ["admin", "networkpolicy", "baseline", "default"];
const NAMES = { admin: "admin tier", networkpolicy: "network policies", baseline: "baseline tier", default: "no policy" };
const STEP = 176;
const ROW = 136;
const APART = 226; // from an end to the tier beside it, so that the label between them has room
const WIDTH = 150;
const HEIGHT = 64;
const STOPPED = "✗ stopped";

/** The box of a picture, which is drawn once it is on the page. */
export function picture(witness, show) {
  const box = el("div", { className: "picture __________cytoscape_container" });
  const figure = el("figure", { role: "img", "aria-label": spoken(witness) }, box);
  const draw = async () => {
    const { default: cytoscape } = await import("./vendor/cytoscape.esm.min.mjs");
    if (box.isConnected) drawn(cytoscape, box, witness, show);
  };
  const watcher = new ResizeObserver(() => {
    if (box.clientWidth) draw();
  });
  watcher.observe(box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => box.isConnected && draw());
  return figure;
}

function spoken(witness) {
  const sides = ["egress", "ingress"].map((direction) => {
    const last = stepsOf(witness, direction).at(-1);
    return last ? `${direction} is decided by the ${last.tier} tier: ${last.action}` : null;
  });
  return `The flow through the tiers. ${sides.filter(Boolean).join(". ")}.`;
}

const stepsOf = (witness, direction) => witness.trace.filter((step) => step.direction === direction);

/** The tiers that the flow meets on one side, each with its step if it has one; the last one decides. */
function stations(witness, direction) {
  const steps = stepsOf(witness, direction);
  if (!steps.length) return [];
  const met = steps.map((step) => ({ tier: step.tier, step }));
  if (!steps.every((step) => TIERS.includes(step.tier))) return met;
  const before = TIERS.slice(0, TIERS.indexOf(steps.at(-1).tier)).filter((tier) => !steps.some((step) => step.tier === tier));
  const all = [...before.map((tier) => ({ tier, step: null })), ...met];
  return all.sort((one, other) => TIERS.indexOf(one.tier) - TIERS.indexOf(other.tier));
}

function nameOf(end) {
  if (end.kind === "external") return end.ip ?? "outside";
  return end.kind === "node" ? end.name : `${end.namespace}/\n${shortened(end.name, 22)}`;
}

function words({ tier, step }, decides) {
  const title = NAMES[tier] ?? tier;
  if (!step) return `${title}\ndecides nothing here`;
  if (!step.policy) return `${title}\n${step.action}ed by default`.replace("denyed", "denied");
  const rule = step.rule ? (step.rule.name ? shortened(step.rule.name, 20) : `rule ${step.rule.index}`) : "isolates";
  return `${title}\n${shortened(step.policy.name, 20)}\n${rule}: ${step.action}${decides ? "" : " →"}`;
}

/** The sides that the trace tells of, with the tiers met on each and whether the flow is still on its way there. */
function sidesOf(witness) {
  let open = true;
  return ["egress", "ingress"]
    .map((direction) => ({ direction, met: stations(witness, direction) }))
    .filter(({ met }) => met.length)
    .map((side) => {
      const here = { ...side, open };
      open = open && side.met.at(-1).step.action !== "deny";
      return { ...here, stops: here.open && !open };
    });
}

/** Nodes and edges. A side that denies is where the path ends; what comes after it is dashed. */
function elements(witness, place) {
  const sides = sidesOf(witness);
  const nodes = [{ data: { id: "from", label: nameOf(witness.source) }, classes: "end", position: place.from() }];
  const edges = [];
  const edge = (source, target, classes, label = "") => edges.push({ data: { source, target, label }, classes });
  let last = "from";
  for (const [row, { direction, met, open }] of sides.entries()) {
    nodes.push({ data: { id: `${direction}-title`, label: direction }, classes: "title", position: place.title(sides, row) });
    for (const [index, station] of met.entries()) {
      const id = `${direction}-${index}`;
      const decides = index === met.length - 1;
      const classes = `tier ${station.step?.action ?? "idle"} ${decides ? "decides" : ""} ${open ? "" : "beyond"}`;
      nodes.push({ data: { id, label: words(station, decides), step: station.step ? [direction, index] : undefined }, classes, position: place.tier(sides, row, index) });
      const turns = index === 0 && row > 0;
      edge(last, id, `${open ? "" : "beyond"} ${turns ? "turn" : ""}`, turns && sides[0].stops ? STOPPED : "");
      last = id;
    }
  }
  const through = sides.every((side) => side.open && !side.stops);
  const label = through ? `${witness.protocol} ${witness.port}` : sides.at(-1).stops ? STOPPED : "";
  nodes.push({ data: { id: "to", label: nameOf(witness.destination) }, classes: `end ${through ? "" : "beyond"}`, position: place.to(sides) });
  edge(last, "to", through ? "through" : sides.at(-1).stops ? "beyond stopped" : "beyond", label);
  return [...nodes, ...edges];
}

/** Egress above ingress, each from left to right. */
const ACROSS = {
  first: (sides, row) => (row > 0 && sides[0].met.length > 2 ? APART + STEP / 2 : APART),
  from: () => ({ x: 0, y: 0 }),
  title: (sides, row) => ({ x: ACROSS.first(sides, row) - WIDTH / 2, y: row * ROW - HEIGHT / 2 - 12 }),
  tier: (sides, row, index) => ({ x: ACROSS.first(sides, row) + index * STEP, y: row * ROW }),
  to: (sides) => ({ x: ACROSS.first(sides, sides.length - 1) + (sides.at(-1).met.length - 1) * STEP + APART, y: (sides.length - 1) * ROW }),
};

/** All of it from top to bottom, for narrow screens. */
const DOWN = {
  count: (sides, row) => sides.slice(0, row).reduce((sum, side) => sum + side.met.length, 0),
  from: () => ({ x: 0, y: 0 }),
  title: (sides, row) => ({ x: -WIDTH / 2 - 70, y: (1 + DOWN.count(sides, row)) * 100 }),
  tier: (sides, row, index) => ({ x: 0, y: (1 + DOWN.count(sides, row) + index) * 100 }),
  to: (sides) => ({ x: 0, y: (1 + DOWN.count(sides, sides.length)) * 100 }),
};

function drawn(cytoscape, box, witness, show) {
  box.graph?.destroy();
  const narrow = box.clientWidth < 620;
  const graph = cytoscape({
    container: box,
    elements: elements(witness, narrow ? DOWN : ACROSS),
    style: style(getComputedStyle(document.documentElement), narrow),
    layout: { name: "preset", fit: false },
    autoungrabify: true,
    userZoomingEnabled: false,
    userPanningEnabled: false,
    boxSelectionEnabled: false,
  });
  const bounds = graph.elements().boundingBox();
  const zoom = Math.min(1, (box.clientWidth - 16) / bounds.w);
  const height = Math.ceil(bounds.h * zoom) + 24;
  if (Math.abs(box.clientHeight - height) > 1) box.style.height = `${height}px`;
  graph.resize();
  graph.zoom(zoom);
  graph.pan({ x: Math.max((box.clientWidth - bounds.w * zoom) / 2, 8) - bounds.x1 * zoom, y: 12 - bounds.y1 * zoom });
  graph.on("tap", "node", (event) => {
    const at = event.target.data("step");
    const step = at && stations(witness, at[0])[at[1]].step;
    if (step?.origin) show(step.origin);
  });
  box.graph = graph;
  box.dataset.drawn = "true";
}

function style(theme, narrow) {
  const colour = (name) => theme.getPropertyValue(name).trim();
  const toned = (tone) => ({ "background-color": colour(`--${tone}-soft`), "border-color": colour(`--${tone}`), color: colour("--text") });
  return [
    {
      selector: "node",
      style: {
        label: "data(label)", shape: "round-rectangle", width: WIDTH, height: HEIGHT, "text-wrap": "wrap", "text-valign": "center",
        "text-halign": "center", "font-family": "system-ui, sans-serif", "font-size": 12, "line-height": 1.25, color: colour("--text"),
        "background-color": colour("--panel"), "border-width": 1, "border-color": colour("--edge"),
      },
    },
    { selector: "node.end", style: { width: 140, height: 48, "font-weight": 600, "background-color": colour("--ground"), "border-width": 2, "border-color": colour("--text"), shape: "round-rectangle", "corner-radius": 22 } },
    {
      selector: "node.title",
      style: { "background-opacity": 0, "border-width": 0, width: 1, height: 1, "text-halign": "right", "text-transform": "uppercase", "font-size": 11, color: colour("--faint") },
    },
    { selector: "node.idle", style: { "border-style": "dashed", color: colour("--faint"), "background-color": colour("--ground") } },
    { selector: "node.allow", style: toned("good") },
    { selector: "node.pass", style: { "border-color": colour("--accent") } },
    { selector: "node.deny", style: toned("bad") },
    { selector: "node.decides", style: { "border-width": 3, "font-weight": 600 } },
    { selector: "node.beyond", style: { "border-style": "dashed" } },
    {
      selector: "edge",
      style: {
        width: 2, "line-color": colour("--edge"), "target-arrow-color": colour("--edge"), "target-arrow-shape": "triangle", "arrow-scale": 1.1,
        "curve-style": "straight", label: "data(label)", "font-family": "system-ui, sans-serif", "font-size": 11, color: colour("--faint"),
        "text-background-color": colour("--ground"), "text-background-opacity": 1, "text-background-padding": 2,
      },
    },
    { selector: "edge.turn", style: { "curve-style": narrow ? "straight" : "taxi", "taxi-direction": "downward", "taxi-turn": "50%" } },
    { selector: "edge.through", style: { "line-color": colour("--good"), "target-arrow-color": colour("--good"), width: 3, color: colour("--text") } },
    { selector: "edge.beyond", style: { "line-style": "dashed" } },
    { selector: "edge.beyond[label != '']", style: { color: colour("--bad"), "font-weight": 600 } },
    { selector: "edge.stopped", style: { "line-color": colour("--bad"), "target-arrow-color": colour("--bad"), color: colour("--bad") } },
  ];
}

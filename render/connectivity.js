"use strict";
// Every text goes into the page as text, never as markup: names in manifests are not ours.

const data = JSON.parse(document.getElementById("data").textContent);
const SHOWN = 60; // ends of one side on a page; a table of a million cells would stop the browser
const state = { sources: [], destinations: [], row: 0, column: 0, chosen: null };
const field = (name) => document.getElementById(name);

function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

// The number of the access from one end to another: 0 is nothing.
function access(source, destination) {
  if (source >= data.groups && destination >= data.groups) return 0;
  if (source === destination) return data.own[source] || 0;
  const row = data.rows[source], column = data.columns[destination];
  return row < 0 || column < 0 ? 0 : data.lines[row][column];
}

// "5432", "tcp/5432" or "udp" as a test of an access; null where nothing is asked, false where it is no port.
function portTest(text) {
  if (!text.trim()) return null;
  const parts = /^\s*(?:(tcp|udp|sctp)\s*\/?)?\s*(\d+)?\s*$/i.exec(text);
  if (!parts || (parts[2] && (+parts[2] < 1 || +parts[2] > 65535))) return false;
  const protocol = parts[1] && parts[1].toUpperCase(), port = parts[2] && +parts[2];
  return (found) =>
    found.ranges.some(([name, low, high]) => (!protocol || name === protocol) && (!port || (low <= port && port <= high)));
}

// What else there is to say: what is undetermined, and what only some pods or addresses have.
function remarks(source, destination) {
  const found = data.accesses[access(source, destination)], ends = [data.ends[source], data.ends[destination]];
  if (!found.partial) return found.open;
  const one = ends.every((end) => end.pods <= 1), some = (what) => ends.some((end) => end[what]);
  const by = one ? (some("unknown") ? "unknownAddresses" : "addresses") : some("several") ? "podsOrAddresses" : "pods";
  return [found.open, found.partial[by]].filter(Boolean).join(", ");
}

function kind(found) {
  if (!found.text) return "none";
  return found.open || found.partial ? "open" : found.all ? "all" : "some";
}

const SIGNS = { all: "●", some: "◐", open: "?", none: "" };

function matching(text, index) {
  return data.ends[index].label.toLowerCase().includes(text.trim().toLowerCase());
}

function filter() {
  const all = data.ends.map((_, index) => index);
  state.sources = all.filter((index) => data.rows[index] >= 0 && matching(field("source").value, index));
  state.destinations = all.filter((index) => data.columns[index] >= 0 && matching(field("destination").value, index));
  if (field("connected").checked) {
    const before = [state.sources, state.destinations];
    state.sources = before[0].filter((s) => before[1].some((d) => access(s, d)));
    state.destinations = before[1].filter((d) => before[0].some((s) => access(s, d)));
  }
  state.row = state.column = 0;
  draw();
}

function draw() {
  const rows = state.sources.slice(state.row, state.row + SHOWN);
  const columns = state.destinations.slice(state.column, state.column + SHOWN);
  const test = portTest(field("port").value);
  field("port").setAttribute("aria-invalid", String(test === false));
  const head = make("tr");
  head.append(make("th", "from ↓  to →"));
  for (const destination of columns) {
    const cell = make("th");
    cell.scope = "col";
    cell.title = data.ends[destination].label;
    cell.append(make("span", data.ends[destination].label));
    head.append(cell);
  }
  const body = make("tbody");
  for (const source of rows) {
    const line = make("tr");
    const title = make("th", data.ends[source].label);
    title.scope = "row";
    title.title = data.ends[source].label;
    line.append(title);
    for (const destination of columns) line.append(cellOf(source, destination, test));
    body.append(line);
  }
  const table = make("table");
  const top = make("thead");
  top.append(head);
  table.append(top, body);
  field("matrix").replaceChildren(table);
  pages(rows.length, columns.length);
}

function cellOf(source, destination, test) {
  const found = data.accesses[access(source, destination)];
  const cell = make("td", SIGNS[kind(found)], kind(found));
  cell.dataset.source = source;
  cell.dataset.destination = destination;
  cell.tabIndex = 0;
  cell.title = `${data.ends[source].label} → ${data.ends[destination].label}: ${found.text || "no ports"}`;
  if (test && !test(found)) cell.classList.add("faded");
  if (state.chosen && state.chosen[0] === source && state.chosen[1] === destination) cell.classList.add("chosen");
  return cell;
}

function pages(rows, columns) {
  const of = (from, shown, all) => (all ? `${from + 1}–${from + shown} of ${all}` : "none");
  field("counts").textContent =
    `sources ${of(state.row, rows, state.sources.length)}, destinations ${of(state.column, columns, state.destinations.length)}`;
  field("up").disabled = state.row === 0;
  field("down").disabled = state.row + SHOWN >= state.sources.length;
  field("left").disabled = state.column === 0;
  field("right").disabled = state.column + SHOWN >= state.destinations.length;
}

function turn(axis, by) {
  state[axis] += by * SHOWN;
  draw();
}

function choose(cell) {
  const source = +cell.dataset.source, destination = +cell.dataset.destination;
  for (const other of document.querySelectorAll("td.chosen")) other.classList.remove("chosen");
  cell.classList.add("chosen");
  state.chosen = [source, destination];
  const found = data.accesses[access(source, destination)];
  const parts = [
    make("h2", `${data.ends[source].label} → ${data.ends[destination].label}`),
    make("p", found.text || "no ports"),
  ];
  if (remarks(source, destination)) parts.push(make("p", remarks(source, destination)));
  parts.push(...trace(source, destination));
  field("detail").replaceChildren(...parts);
}

function trace(source, destination) {
  const stretches = data.traces && data.traces[`${source},${destination}`];
  if (!stretches || !stretches.length) {
    if (data.traces) return [make("p", "There is no flow between these two: they are one and the same, or both outside.")];
    return [make("p", "This page has no traces, as it has too many cells. For this one:"), make("code", command(source, destination))];
  }
  const parts = [];
  for (const [ports, verdict, steps] of stretches) {
    parts.push(make("h3", `${ports}: ${verdict}`));
    const list = make("ol");
    for (const step of steps) list.append(make("li", data.texts[step]));
    parts.push(list);
  }
  return parts;
}

function command(source, destination) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  return `reachproof connectivity --explain --src ${quoted(data.ends[source].set)} --dst ${quoted(data.ends[destination].set)}`;
}

field("filters").addEventListener("input", filter);
field("filters").addEventListener("submit", (event) => event.preventDefault());
field("matrix").addEventListener("click", (event) => {
  const cell = event.target.closest("td");
  if (cell) choose(cell);
});
field("matrix").addEventListener("keydown", (event) => {
  const cell = event.target.closest("td");
  if (cell && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    choose(cell);
  }
});
for (const [name, axis, by] of [["up", "row", -1], ["down", "row", 1], ["left", "column", -1], ["right", "column", 1]]) {
  field(name).addEventListener("click", () => turn(axis, by));
}
filter();

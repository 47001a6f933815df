// The text that a rule comes from, with its line marked.

import { byId, el, fill } from "./dom.js";

const AROUND = 150;

/** The function that shows places of the input of a source; `source()` is the current one. */
export function shower(source) {
  const place = (origin) => source().locate(origin) ?? { file: origin.file, line: origin.line };
  const show = (origin) => {
    const found = source().locate(origin);
    const panel = byId("source");
    fill(panel, found ? textView(found, origin) : unknownView(origin));
    panel.hidden = false;
    panel.querySelector("[aria-current]")?.scrollIntoView({ block: "center" });
    panel.scrollIntoView({ block: "nearest" });
    panel.focus({ preventScroll: true });
  };
  return Object.assign(show, { place });
}

/** Puts the text away, as where the question changes. */
export function hideSource() {
  byId("source").hidden = true;
}

function heading(title, detail) {
  return el("div", { className: "bar" }, el("h2", { id: "source-title" }, title, el("span", { className: "facts" }, detail)), el("button", { type: "button", className: "quiet", on: { click: hideSource } }, "Close"));
}

function textView({ file, line, text }, origin) {
  const lines = text.split("\n");
  const first = Math.max(1, line - AROUND);
  const shown = lines.slice(first - 1, line + AROUND).map((content, index) => {
    const number = first + index;
    const marked = number === line;
    return el("li", { value: number, className: marked ? "marked" : "", "aria-current": marked ? "location" : null }, el("code", {}, content || " "));
  });
  return [heading(file, `line ${line}${origin.path ? `, ${origin.path}` : ""}`), el("div", { className: "code", tabIndex: 0, role: "region", "aria-label": `Text of ${file}` }, el("ol", {}, shown))];
}

function unknownView(origin) {
  const where = `line ${origin.line}${origin.path ? `, ${origin.path}` : ""}`;
  return [heading(origin.file, where), el("p", {}, "The text of this file is not on this page. Load the manifests here to see the line.")];
}

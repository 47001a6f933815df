// The question: an input with suggestions (the combobox pattern of ARIA) and what is wrong with it, from the grammar of
// the service. Offsets of the service count characters, those of the browser UTF-16 units.

import { byId, el, fill, ticked } from "./dom.js";

const PAUSE = 60;

const units = (text, characters) => Array.from(text).slice(0, characters).join("").length;
const characters = (text, at) => Array.from(text.slice(0, at)).length;

export class Question {
  /** `complete(text, cursor, signal)` asks the service; `ask(text)` is called with a sentence to be asked. */
  constructor(complete, ask) {
    this.input = byId("question");
    this.list = byId("suggestions");
    this.fault = byId("fault");
    this.complete = complete;
    this.offered = [];
    this.active = -1;
    this.stale = false; // whether the list is of a text that has changed since
    this.waiting = 0; // by how many places to move in the list that is to come
    this.input.addEventListener("input", () => this.later());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.close());
    byId("ask").addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(this.timer);
      this.running?.abort();
      this.close();
      ask(this.text);
    });
  }

  get text() {
    return this.input.value;
  }

  set text(value) {
    this.input.value = value;
    this.close();
  }

  later() {
    this.stale = true;
    this.mark(-1);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.update(), PAUSE);
  }

  /** Asks what may stand at the cursor, and shows it. A newer call takes the place of one that is under way. */
  async update({ open = true } = {}) {
    this.running?.abort();
    this.running = new AbortController();
    const { signal } = this.running;
    const { text } = this;
    const cursor = this.input.selectionStart ?? text.length;
    let found;
    try {
      found = await this.complete(text, characters(text, cursor), signal);
    } catch (error) {
      if (error.name !== "AbortError") fill(this.fault, el("p", {}, error.message));
      return;
    }
    if (signal.aborted || this.text !== text) return;
    this.offered = found.suggestions.filter(({ text: each }) => /[\p{L}\p{N}]/u.test(each)); // a comma is quickly typed
    this.cursor = cursor;
    this.showFaults(found);
    if (open && document.activeElement === this.input && this.offered.length) this.open(found.complete);
    else this.close();
  }

  open(all) {
    const options = this.offered.map((each, index) =>
      el(
        "li",
        { role: "option", id: `suggestion-${index}`, "aria-selected": "false", on: { mousedown: (event) => this.pick(event, index) } },
        el("span", { className: "text" }, each.text),
        each.kind === "word" ? null : el("span", { className: "kind" }, each.kind),
      ),
    );
    if (!all) options.push(el("li", { role: "presentation", className: "more" }, "… type on to see others"));
    fill(this.list, options);
    this.list.hidden = false;
    this.list.scrollTop = 0;
    this.input.setAttribute("aria-expanded", "true");
    this.mark(-1);
    this.stale = false;
    if (this.waiting) this.move(this.waiting);
    this.waiting = 0;
  }

  close() {
    this.list.hidden = true;
    this.mark(-1);
    this.stale = false;
    this.waiting = 0;
    this.input.setAttribute("aria-expanded", "false");
  }

  get isOpen() {
    return !this.list.hidden;
  }

  key(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const by = event.key === "ArrowDown" ? 1 : -1;
      if (this.stale) this.waiting += by;
      else if (this.isOpen) this.move(by);
      else this.update();
    } else if (event.key === "Escape" && this.isOpen) {
      event.preventDefault();
      this.close();
    } else if ((event.key === "Enter" || event.key === "Tab") && this.isOpen && this.active >= 0) {
      event.preventDefault();
      this.accept(this.active);
    } else if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      this.update();
    }
  }

  move(by) {
    const count = this.offered.length;
    const from = this.active < 0 && by < 0 ? 0 : this.active;
    this.mark((((from + by) % count) + count) % count);
  }

  /** Makes a suggestion the chosen one; none for -1. */
  mark(chosen) {
    this.active = chosen;
    this.input.removeAttribute("aria-activedescendant");
    for (const [index, option] of [...this.list.querySelectorAll("[role=option]")].entries()) {
      option.setAttribute("aria-selected", String(index === chosen));
      if (index !== chosen) continue;
      option.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", option.id);
    }
  }

  pick(event, index) {
    event.preventDefault(); // the input keeps the focus
    this.accept(index);
  }

  accept(index) {
    const { start, text } = this.offered[index];
    this.replace(units(this.text, start), this.cursor, text);
  }

  /** Puts a text in place of a part of the sentence, with a blank behind it, and goes on from there. */
  replace(from, to, text) {
    const rest = this.text.slice(to);
    const blank = rest.startsWith(" ") || rest.startsWith("?") ? "" : " ";
    const before = this.text.slice(0, from) + text + blank;
    this.input.value = before + rest;
    this.input.focus();
    this.input.setSelectionRange(before.length, before.length);
    this.update();
  }

  // ---- mistakes

  /** A sentence that is only unfinished is no mistake yet. */
  showFaults({ state, errors }) {
    this.input.setAttribute("aria-invalid", String(state === "wrong"));
    fill(this.fault, state === "wrong" ? errors.map((each) => this.mistake(each)) : []);
  }

  mistake({ start, end, message, expected }) {
    const { text } = this;
    const from = units(text, start);
    const to = Math.max(units(text, end), from + 1);
    const caret = " ".repeat(start) + "^".repeat(Math.max(end - start, 1));
    const replacing = (word) => el("button", { type: "button", on: { click: () => this.replace(from, to, word) } }, word);
    return el(
      "div",
      { className: "mistake" },
      el("pre", { tabIndex: 0, "aria-label": "The sentence, with a marker under what is wrong" }, `${text}\n`, el("b", {}, caret)),
      el("p", {}, ticked(message)),
      expected.length ? el("p", { className: "instead" }, "Did you mean:  ", expected.slice(0, 8).map(replacing)) : null,
    );
  }
}

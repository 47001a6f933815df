// Elements made from values. What comes from a cluster is text in them, and nothing else.

const PROPERTIES = new Set(["className", "hidden", "disabled", "type", "value", "id", "tabIndex", "htmlFor", "href"]);

/** A new element. `props`: properties, `on: {event: handler}`, and any other name as an attribute. */
export function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      for (const [event, handler] of Object.entries(value)) made.addEventListener(event, handler);
    } else if (PROPERTIES.has(name)) {
      made[name] = value;
    } else {
      made.setAttribute(name, value === true ? "" : String(value));
    }
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** Puts children in the place of whatever an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter(Boolean));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** The text, cut in the middle where it is longer than `most` characters. */
export function shortened(text, most) {
  if (text.length <= most) return text;
  const left = Math.ceil((most - 1) / 2);
  return `${text.slice(0, left)}…${text.slice(text.length - (most - 1 - left))}`;
}

/** `1 pod`, `2 pods`. */
export function counted(number, noun) {
  if (number === 1) return `1 ${noun}`;
  return `${number.toLocaleString("en")} ${noun.endsWith("y") ? `${noun.slice(0, -1)}ies` : `${noun}s`}`;
}

/** The text, with what stands between backticks as code. */
export function ticked(text) {
  return text.split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part));
}

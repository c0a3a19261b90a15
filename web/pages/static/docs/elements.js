// Elements of the page, and its words with `code` in them.

export { byId } from "../dom.js";

/**
 * Makes an element; `class` is its class, children may be null.
 * @param {string} name
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string | null | undefined)} children
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Makes an element with this text, in which what stands between backticks is code. */
export function write(name, text, attributes = {}) {
  const parts = text.split("`").map((part, at) => (at % 2 ? element("code", {}, part) : part));
  return element(name, attributes, ...parts);
}

/** A value as JSON, to be read and scrolled. */
export function writeJson(value, label) {
  return element("pre", { tabindex: "0", role: "region", "aria-label": label }, JSON.stringify(value, null, 2));
}

// Elements: found, made of templates, filled with text, and kept in step with a list.

import { byId, setText } from "../../dom.js";

export { byId };

/** Makes the content of a template; what has `data-slot` is filled by `fill`. */
export function clone(id) {
  return byId(id).content.firstElementChild.cloneNode(true);
}

export const slot = (node, name) => node.querySelector(`[data-slot="${name}"]`);

/** Writes texts into the slots of a node; a slot without text is hidden. */
export function fill(node, texts) {
  for (const [name, text] of Object.entries(texts)) say(slot(node, name), text);
  return node;
}

/** Shows a text in an element, or hides the element when there is none. */
export function say(element, text) {
  const words = text === null || text === undefined ? "" : String(text);
  element.hidden = words === "";
  setText(element, words);
}

/**
 * Makes the children of `list` those of `items`, in their order. Children of the same key stay the
 * same nodes, so that focus and what is typed or open in them stay.
 */
export function keepInStep(list, items, { key, make, update }) {
  const known = new Map(Array.from(list.children, (node) => [node.dataset.key, node]));
  const focused = document.activeElement;
  let next = list.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    const node = known.get(name) ?? make(item);
    known.delete(name);
    node.dataset.key = name;
    update?.(node, item);
    if (node === next) next = node.nextElementSibling;
    else list.insertBefore(node, next);
  }
  const gone = [...known.values()];
  const lost = gone.find((node) => node.contains(focused));
  const heir = lost && (lost.nextElementSibling ?? lost.previousElementSibling);
  for (const node of gone) node.remove();
  if (lost) focusInside(heir);
  else if (focused !== document.activeElement && list.contains(focused)) focused.focus({ preventScroll: true });
}

function focusInside(node) {
  (node?.querySelector("a, input, button") ?? byId("main")).focus({ preventScroll: true });
}

let announcing = 0;

/** Tells those who listen to the page; twice the same words are told twice. */
export function announce(text) {
  const voice = byId("announcer");
  voice.textContent = "";
  clearTimeout(announcing);
  announcing = setTimeout(() => { voice.textContent = text; }, 50);
}

/** A button that cannot be used now keeps its focus, and says why when it is pressed. */
export function setUsable(button, isUsable) {
  button.setAttribute("aria-disabled", String(!isUsable));
}

export const isUsable = (button) => button.getAttribute("aria-disabled") !== "true";

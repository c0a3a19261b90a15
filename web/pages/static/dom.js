// What every page does with its elements.

/** @param {string} id */
export const byId = (id) => document.getElementById(id);

/**
 * Writes a text where it is another one: what did not change would be read out again, and a
 * selection in it lost.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Does what a button is for, once at a time: it is busy until that is done, and a press meanwhile
 * does nothing. Throws what `work` throws.
 *
 * @param {Element} button
 * @param {() => Promise<void>} work
 */
export async function oneAtATime(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

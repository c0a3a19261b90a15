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

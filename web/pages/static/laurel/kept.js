// @ts-check
// What the browser keeps of a page's login. One that refuses to keep anything forgets it with the page.

/** @param {string} name */
export function readKept(name) {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {object} value
 */
export function keep(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // The page itself still knows.
  }
}

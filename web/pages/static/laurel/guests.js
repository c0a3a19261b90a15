// @ts-check
// What is made by chance: a guest's name, until it chooses another, the password that the browser
// keeps, and the ids of actions.

/** @param {number} bytes */
function randomHex(bytes) {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(values, (value) => value.toString(16).padStart(2, "0")).join("");
}

export function makeGuestName() {
  return `guest-${randomHex(4)}`;
}

export function makePassword() {
  return randomHex(16);
}

/** Returns a new UUID: crypto.randomUUID exists on https and localhost only. */
export function makeActionId() {
  const hex = randomHex(16);
  const variant = "89ab"[parseInt(hex[16], 16) % 4];
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, variant + hex.slice(17, 20), hex.slice(20)].join("-");
}

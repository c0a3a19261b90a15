// @ts-check
// What is to be done when the server has closed a connection, by its code (docs/realtime.md).

/** @typedef {{ action: "return" | "renew" | "end", isSlow?: boolean, text: string }} Verdict */

const TOKEN_ENDED = 4401;
const BANNED = 4503;
// Something that this client sends is refused: it comes back, and not often.
const FAULTS = new Set([1002, 1003, 1007, 1008, 1009]);

/** @type {Record<number, string>} */
const ENDS = {
  [BANNED]: "This player is banned",
  4501: "The login is not valid",
  4505: "This page is too old for the server: reload it",
};

/**
 * @param {number} code
 * @returns {Verdict}
 */
export function judgeClose(code) {
  if (code === TOKEN_ENDED) return { action: "renew", text: "The login has ended" };
  if (code >= 4500 && code < 4600) return { action: "end", text: ENDS[code] ?? "The server asks not to come back" };
  return { action: "return", isSlow: FAULTS.has(code), text: "Connection lost" };
}

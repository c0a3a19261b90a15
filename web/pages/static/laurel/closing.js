// @ts-check
// What is to be done when the server has closed a connection, by its code (docs/realtime.md), or has
// let none begin.

import { RefusedError } from "./calls.js";
import { SignedOutError } from "./credentials.js";

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

/**
 * Judges why there was no ticket: what only a person can change is final.
 *
 * @param {unknown} error
 */
export function judgeError(error) {
  if (error instanceof SignedOutError) return { message: error.message, isFinal: true, retryAfterMs: 0 };
  const refused = error instanceof RefusedError ? error : null;
  const message = refused?.status === 429 ? "Too many requests" : "The server cannot be reached";
  if (refused?.status === 403) return { message: refused.message, isFinal: true, retryAfterMs: 0 };
  return { message, isFinal: false, retryAfterMs: 1000 * (refused?.retryAfter ?? 0) };
}

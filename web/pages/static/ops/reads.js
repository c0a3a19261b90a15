// Asks for the numbers, with the token of this tab if there is one.

import { call } from "../laurel/calls.js";

const STORED_TOKEN = "laurel-ops-token";
const PATIENCE_MS = 5000;
// What a header may have.
const SENDABLE = /^[\x21-\x7e]+$/;

export const token = {
  get: () => sessionStorage.getItem(STORED_TOKEN),
  set: (value) => sessionStorage.setItem(STORED_TOKEN, value),
  forget: () => sessionStorage.removeItem(STORED_TOKEN),
};

/**
 * Returns what the server said: `{numbers}`, `{refused}` with why it wants a token, or `{problem}`.
 * @returns {Promise<{numbers?: object, refused?: string, problem?: string}>}
 */
export async function askForNumbers() {
  const given = token.get();
  if (given && !SENDABLE.test(given)) {
    token.forget();
    return { refused: "This cannot be a token: it has other characters." };
  }
  const answer = await call("", "GET", "/api/ops/metrics", { token: given, timeoutMs: PATIENCE_MS }).catch(() => null);
  if (!answer) return { problem: "The API does not answer" };
  const { status, body } = answer;
  if (status === 200 && body) return { numbers: body };
  if (status === 401 || status === 403) return { refused: describeRefusal(body?.error, given) };
  return { problem: `The API answers ${status}: ${body?.error?.message ?? "no reason"}` };
}

function describeRefusal(error, given) {
  if (!given) return "From here the numbers need a token.";
  const words = {
    FORBIDDEN: "This token is valid, but not of an admin.",
    TOKEN_EXPIRED: "This token has ended: use a new one.",
  };
  return words[error?.code] ?? "The server does not accept this token.";
}

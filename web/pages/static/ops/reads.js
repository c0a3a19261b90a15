// Asks for the numbers, with the token of this tab if there is one.

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
  const headers = given ? { Authorization: `Bearer ${given}` } : {};
  let answer, body;
  try {
    answer = await fetch("/api/ops/metrics", { headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    body = await answer.json();
  } catch {
    return { problem: "The API does not answer" };
  }
  if (answer.ok) return { numbers: body };
  if (answer.status === 401 || answer.status === 403) return { refused: describeRefusal(body.error, given) };
  return { problem: `The API answers ${answer.status}: ${body.error?.message ?? "no reason"}` };
}

function describeRefusal(error, given) {
  if (!given) return "From here the numbers need a token.";
  const words = {
    FORBIDDEN: "This token is valid, but not of an admin.",
    TOKEN_EXPIRED: "This token has ended: use a new one.",
  };
  return words[error?.code] ?? "The server does not accept this token.";
}

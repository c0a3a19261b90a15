// @ts-check
// Calls of the HTTP API.

/**
 * What the API answered: `body` is null without JSON, `retryAfter` is in seconds (0: not said), and
 * `answeredAt` the server's time in milliseconds, NaN when it is not known.
 *
 * @typedef {object} Answer
 * @property {number} status
 * @property {any} body
 * @property {string | null} etag
 * @property {number} retryAfter
 * @property {number} answeredAt
 */

/**
 * `etag` is sent as If-None-Match with GET, as If-Match with what changes something.
 *
 * @typedef {object} CallOptions
 * @property {any} [body] sent as JSON
 * @property {string | null} [token]
 * @property {string | null} [etag]
 * @property {Record<string, string>} [headers]
 * @property {number} [timeoutMs] how long to wait for the answer
 */

const TIMEOUT_MS = 30_000;

/** An answer that is not what was asked for: `status`, `code` of the API, `retryAfter` in seconds. */
export class RefusedError extends Error {
  /** @param {Answer} answer */
  constructor(answer) {
    const { code = null, message = null, details = null } = answer.body?.error ?? {};
    super(message ?? `The server answered ${answer.status}`);
    this.name = "RefusedError";
    this.status = answer.status;
    /** @type {string | null} */
    this.code = code;
    /** @type {any} */
    this.details = details;
    this.retryAfter = answer.retryAfter;
  }
}

/**
 * Calls the API at `url` ("" for the page's own server). Throws TypeError or DOMException when there
 * is no answer.
 *
 * @param {string} url
 * @param {string} method
 * @param {string} path
 * @param {CallOptions} [options]
 * @returns {Promise<Answer>}
 */
export async function call(url, method, path, { body, token, etag, headers = {}, timeoutMs = TIMEOUT_MS } = {}) {
  /** @type {Record<string, string>} */
  const sent = { ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  if (token) sent.Authorization = `Bearer ${token}`;
  if (etag) sent[method === "GET" ? "If-None-Match" : "If-Match"] = etag;
  const answer = await fetch(url + path, {
    method,
    headers: sent,
    body: body === undefined ? undefined : JSON.stringify(body),
    // Behind the browser's cache a page would not see a 304.
    cache: "no-store",
    signal: AbortSignal.timeout(timeoutMs),
  });
  return {
    status: answer.status,
    body: parse(await answer.text()),
    etag: answer.headers.get("ETag"),
    retryAfter: Number(answer.headers.get("Retry-After")) || 0,
    answeredAt: Date.parse(answer.headers.get("Date") ?? ""),
  };
}

// A proxy's error page is no JSON.
/** @param {string} text */
function parse(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

// The session of the moderator, kept while the tab is open, and calls of the API with its token.

import { call as ask } from "../laurel/calls.js";

const KEPT = "laurel-moderation";

export class ApiError extends Error {
  constructor({ status = 0, code, message = "", details = {}, requestId = null, retryAfter = 0 }) {
    super(message || code);
    Object.assign(this, { status, code, details, requestId, retryAfter });
  }
}

let session = readKept();
let tellEnd = () => {};

function readKept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

function keep(next) {
  session = next;
  if (next) sessionStorage.setItem(KEPT, JSON.stringify(next));
  else sessionStorage.removeItem(KEPT);
}

export const isSignedIn = () => session !== null;
export const signedInAs = () => session?.username ?? null;

/** `listener` is called when the session has ended and cannot be renewed. */
export function onSessionEnd(listener) {
  tellEnd = listener;
}

async function send(method, path, { body, prefer, token } = {}) {
  const answer = await ask("", method, path, { body, token, headers: prefer ? { Prefer: prefer } : {} }).catch(() => {
    throw new ApiError({ code: "OFFLINE" });
  });
  const { status, retryAfter } = answer;
  if (status >= 200 && status < 300) return answer.body;
  const error = answer.body?.error ?? {};
  throw new ApiError({ ...error, status, code: error.code ?? `HTTP_${status}`, retryAfter });
}

/** Signs in with a name and a password; throws ApiError, also for who is no moderator. */
export async function signIn(username, password) {
  const login = await send("POST", "/api/auth/login", { body: { username, password } });
  try {
    await requireRole(login.accessToken);
  } catch (error) {
    // Nobody needs the session of a player here.
    await send("POST", "/api/auth/logout", { token: login.accessToken }).catch(() => {});
    throw error;
  }
  keep({ accessToken: login.accessToken, refreshToken: login.refreshToken, username: login.username });
}

/** Signs in with a token or an API key that somebody was given. */
export async function useToken(token) {
  // No header can have anything else.
  if (!/^[\x21-\x7e]+$/.test(token)) throw new ApiError({ status: 401, code: "INVALID_TOKEN" });
  await requireRole(token);
  keep({ accessToken: token, refreshToken: null, username: null });
}

async function requireRole(token) {
  await send("GET", "/api/moderation/cases?limit=1", { token });
}

export async function signOut() {
  const token = session?.refreshToken ? session.accessToken : null;
  keep(null);
  // A token that was given may be used elsewhere too: only a session of this page is ended.
  if (token) await send("POST", "/api/auth/logout", { token }).catch(() => {});
}

let renewing = null;

// A refresh token is used once: calls that need a new access token at the same time share one.
function renew() {
  renewing ??= askForToken().finally(() => { renewing = null; });
  return renewing;
}

async function askForToken() {
  const { refreshToken } = session;
  const fresh = await send("POST", "/api/auth/refresh", { body: { refreshToken } });
  keep({ ...session, accessToken: fresh.accessToken, refreshToken: fresh.refreshToken });
}

/**
 * Calls the API, once again with a new token when the first has ended.
 * @returns the body of the answer, null without one; throws ApiError for an error of the API, and
 * with the code OFFLINE when there was no answer
 */
export async function call(method, path, options = {}) {
  if (!session) throw new ApiError({ status: 401, code: "UNAUTHORIZED" });
  try {
    return await send(method, path, { ...options, token: session.accessToken });
  } catch (error) {
    if (error.status !== 401) throw error;
    return callRenewed(method, path, options, error);
  }
}

async function callRenewed(method, path, options, ended) {
  if (session?.refreshToken) {
    try {
      await renew();
      return await send(method, path, { ...options, token: session.accessToken });
    } catch (error) {
      if (error.status !== 401) throw error;
    }
  }
  keep(null);
  tellEnd();
  throw ended;
}

// The player of this page: a guest's login that is kept, and calls of the API with its token.

const STORED_GUEST = "laurel-guest";

export const session = { token: null, refreshToken: null, userId: null, username: null };

export function randomHex(bytes) {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(values, (value) => value.toString(16).padStart(2, "0")).join("");
}

async function call(method, path, { body, token, etag } = {}) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  if (etag) headers["If-None-Match"] = etag;
  // The page revalidates by itself: behind the browser's cache it would not see a 304.
  const answer = await fetch(path, { method, headers, cache: "no-store", body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  return {
    status: answer.status,
    etag: answer.headers.get("ETag"),
    retryAfter: Number(answer.headers.get("Retry-After")) || 0,
    answeredAt: Date.parse(answer.headers.get("Date")),
    body: text ? JSON.parse(text) : null,
  };
}

function remember(login) {
  const { accessToken: token, refreshToken, userId, username } = login;
  Object.assign(session, { token, refreshToken });
  if (userId) Object.assign(session, { userId, username });
}

function readGuest() {
  try {
    return JSON.parse(localStorage.getItem(STORED_GUEST));
  } catch {
    return null;
  }
}

export async function logIn() {
  const stored = readGuest();
  if (stored) {
    const login = await call("POST", "/api/auth/login", { body: stored });
    if (login.status === 200) return remember(login.body);
    if (login.status !== 401) throw new Error(login.body.error.message);
  }
  const guest = { username: `guest-${randomHex(4)}`, password: randomHex(16) };
  const registered = await call("POST", "/api/auth/register", { body: guest });
  if (registered.status !== 201) throw new Error(registered.body.error.message);
  localStorage.setItem(STORED_GUEST, JSON.stringify(guest));
  return remember(registered.body);
}

let refreshing = null;

// A refresh token is used once: calls that need a new access token at the same time share one.
export function refreshToken() {
  refreshing ??= askForToken().finally(() => { refreshing = null; });
  return refreshing;
}

async function askForToken() {
  const refreshed = await call("POST", "/api/auth/refresh", { body: { refreshToken: session.refreshToken } });
  if (refreshed.status === 200) return remember(refreshed.body);
  return logIn();
}

// Calls with the access token; once with a new one when the first has ended.
export async function callAsPlayer(method, path, { body, etag } = {}) {
  const answer = await call(method, path, { body, etag, token: session.token });
  if (answer.status !== 401) return answer;
  await refreshToken();
  return call(method, path, { body, etag, token: session.token });
}

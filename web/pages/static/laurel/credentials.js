// @ts-check
// The access token of a session: fetched, renewed once for all who need another, sent with calls.

import { call, RefusedError } from "./calls.js";

/**
 * Who is asking. Any object will do: `accessToken` is what it has, `refreshToken` gets another,
 * `signIn` logs in where neither helps, and `onChange` is told of each new token. `exclusively` runs
 * a renewal while no other page that shares the session does.
 *
 * @typedef {object} SessionLike
 * @property {string | null} [accessToken]
 * @property {string | null} [refreshToken]
 * @property {(tokens: Tokens) => void} [onChange]
 * @property {() => Promise<Tokens | null>} [signIn]
 * @property {<Result>(work: () => Promise<Result>) => Promise<Result>} [exclusively]
 */

/** @typedef {{ accessToken: string, refreshToken?: string | null }} Tokens */
/** @typedef {import("./calls.js").Answer} Answer */
/** @typedef {import("./calls.js").CallOptions} CallOptions */

// The other 401s are about a password, a code or a signature.
const TOKEN_CODES = new Set(["UNAUTHORIZED", "INVALID_TOKEN", "TOKEN_EXPIRED"]);

/** There is no token, and no way to get one. */
export class SignedOutError extends Error {
  /** @param {string} [message] */
  constructor(message = "Nobody is logged in") {
    super(message);
    this.name = "SignedOutError";
  }
}

/** @type {WeakMap<SessionLike, Credentials>} */
const known = new WeakMap();

/**
 * Returns the credentials of this session: always the same, so that all share one renewal.
 *
 * @param {SessionLike} session
 * @param {string} url
 */
export function credentialsOf(session, url) {
  const found = known.get(session) ?? new Credentials(session, url);
  known.set(session, found);
  return found;
}

export class Credentials {
  #session;
  #url;
  /** @type {Promise<void> | null} */
  #renewing = null;

  /**
   * @param {SessionLike} session
   * @param {string} url
   */
  constructor(session, url) {
    this.#session = session;
    this.#url = url;
  }

  get token() {
    return this.#session.accessToken ?? null;
  }

  /** The user of the token; null without one. */
  get subject() {
    return this.token ? readSubject(this.token) : null;
  }

  /** Gets a token unless there is one. Throws as `renew`. */
  async ready() {
    if (!this.token) await this.renew(null);
  }

  /**
   * Replaces the token `used`, unless that was done meanwhile. Throws SignedOutError,
   * RefusedError for an answer that may be another later, and what `call` throws.
   *
   * @param {string | null} used
   */
  renew(used) {
    this.#renewing ??= this.#renewAlone(used).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /**
   * Calls the API as this session; once more with another token when the first has ended.
   *
   * @param {string} method
   * @param {string} path
   * @param {CallOptions} [options]
   * @returns {Promise<Answer>}
   */
  async request(method, path, options = {}) {
    // Much can be read without a token; what cannot says so.
    await this.ready().catch(passUnlessSignedOut);
    const [token, subject] = [this.token, this.subject];
    const answer = await call(this.#url, method, path, { ...options, token });
    if (!token || answer.status !== 401 || !TOKEN_CODES.has(answer.body?.error?.code)) return answer;
    await this.renew(token).catch(passUnlessSignedOut);
    // What somebody wanted is not done as somebody else.
    const isSame = this.subject === subject;
    if (!this.token || this.token === token || !(isSame || method === "GET")) return answer;
    return call(this.#url, method, path, { ...options, token: this.token });
  }

  /** @param {string | null} used */
  async #renewAlone(used) {
    const work = () => this.#renewNow(used);
    await (this.#session.exclusively ? this.#session.exclusively(work) : work());
  }

  /** @param {string | null} used */
  async #renewNow(used) {
    if (this.token && this.token !== used) return;
    const tokens = (await this.#refresh()) ?? (await this.#session.signIn?.());
    if (!tokens) throw new SignedOutError();
    this.#take(tokens);
  }

  async #refresh() {
    const { refreshToken } = this.#session;
    if (!refreshToken) return null;
    const answer = await call(this.#url, "POST", "/api/auth/refresh", { body: { refreshToken } });
    if (answer.status === 200) return /** @type {Tokens} */ (answer.body);
    if (answer.status !== 401) throw new RefusedError(answer);
    return null;
  }

  /** @param {Tokens} tokens */
  #take(tokens) {
    this.#session.accessToken = tokens.accessToken;
    this.#session.refreshToken = tokens.refreshToken ?? null;
    this.#session.onChange?.(tokens);
  }
}

/** @param {unknown} error */
function passUnlessSignedOut(error) {
  if (!(error instanceof SignedOutError)) throw error;
}

/** @param {string} token */
function readSubject(token) {
  try {
    const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return /** @type {string | null} */ (JSON.parse(atob(payload)).sub ?? null);
  } catch {
    return null; // not a JWT
  }
}

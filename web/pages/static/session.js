// @ts-check
// Who looks at a page: a spectator until somebody plays, then a guest or a player who has logged in.
// The login is kept in this browser, and all its pages share it.

import { call, RefusedError } from "./laurel/calls.js";
import { credentialsOf, SignedOutError } from "./laurel/credentials.js";
import { Emitter } from "./laurel/emitter.js";
import { makeGuestName, makePassword } from "./laurel/guests.js";
import { keep, readKept } from "./laurel/kept.js";

/** @typedef {import("./laurel/credentials.js").Tokens} Tokens */
/** @typedef {{ username: string, password: string }} Login */
/** @typedef {"spectator" | "guest" | "player"} Kind */
/** @typedef {{ kind: Kind, userId: string | null, username: string | null, accessToken: string | null, refreshToken: string | null }} Kept */

/** @type {Kept} */
const NOBODY = { kind: "spectator", userId: null, username: null, accessToken: null, refreshToken: null };
const NAME_ATTEMPTS = 5;
const PLAY_TO_WATCH = "Play or log in to see it live";

/**
 * A login that is kept. "change" tells that it is somebody else now, or has another name.
 *
 * @extends {Emitter<{ change: Session }>}
 */
export class Session extends Emitter {
  /** @type {Kind} */
  kind = "spectator";
  /** @type {string | null} null for a spectator */
  userId = null;
  /** @type {string | null} null for a spectator */
  username = null;
  /** @type {string | null} */
  accessToken = null;
  /** @type {string | null} */
  refreshToken = null;
  #url;
  #keptName;
  #guestName;
  #told = "";

  /** @param {{ url?: string, storageKey?: string }} [options] where the API is, and under which name to keep the login */
  constructor({ url = "", storageKey = "laurel" } = {}) {
    super();
    this.#url = url;
    this.#keptName = `${storageKey}-session`;
    this.#guestName = `${storageKey}-guest`;
    this.#load();
    this.#told = this.#identity;
    addEventListener("storage", (event) => event.key === this.#keptName && this.#follow());
  }

  /** Whether this is somebody with an account. */
  get isPlayer() {
    return this.kind !== "spectator";
  }

  /**
   * Calls the API as this session; see `Laurel.request`.
   *
   * @param {string} method
   * @param {string} path
   * @param {import("./laurel/calls.js").CallOptions} [options]
   */
  request(method, path, options = {}) {
    return credentialsOf(this, this.#url).request(method, path, options);
  }

  /**
   * Gets tokens where the refresh token does not: those of the guest who is logged in here, else of a
   * spectator. Throws SignedOutError where there are no spectators, RefusedError, and what `call` throws.
   *
   * @returns {Promise<Tokens>}
   */
  async signIn() {
    const guest = this.kind === "guest" ? this.#readGuest() : null;
    const login = guest && (await this.#tryLogin(guest));
    if (login) return login;
    Object.assign(this, NOBODY);
    const answer = await call(this.#url, "POST", "/api/auth/spectate");
    if (answer.status === 403) {
      this.onChange();
      throw new SignedOutError(PLAY_TO_WATCH);
    }
    return expect(answer, 201);
  }

  /** Keeps new tokens; called when they have been renewed. */
  onChange() {
    this.#keep();
    this.#tell();
  }

  /**
   * Runs what renews the login while no other page does, with what the last one has kept.
   *
   * @template Result
   * @param {() => Promise<Result>} work
   * @returns {Promise<Result>}
   */
  async exclusively(work) {
    const inTurn = () => {
      this.#load();
      return work();
    };
    // Browsers have locks on https and localhost only; elsewhere the server forgives a race.
    return navigator.locks ? navigator.locks.request(this.#keptName, inTurn) : inTurn();
  }

  /**
   * Makes a spectator a guest, with an account: the one that played in this browser before, else a
   * new one. Does nothing for who has an account. Throws RefusedError, and what `call` throws.
   */
  async becomeGuest() {
    if (this.isPlayer) return;
    const guest = this.#readGuest();
    const login = (guest && (await this.#tryLogin(guest))) ?? (await this.#register());
    this.#become("guest", login);
  }

  /**
   * Logs in with a name and a password. Throws RefusedError, with the code INVALID_CREDENTIALS for
   * a wrong one, and what `call` throws.
   *
   * @param {string} username
   * @param {string} password
   */
  async logIn(username, password) {
    const login = expect(await call(this.#url, "POST", "/api/auth/login", { body: { username, password } }), 200);
    this.#become("player", login);
  }

  /** Logs out; this browser looks on as a spectator then. A guest may come back by `becomeGuest`. */
  async logOut() {
    const { accessToken: token, isPlayer } = this;
    this.#become("spectator", NOBODY);
    // Where the server cannot be reached, the login ends by itself.
    if (token && isPlayer) await call(this.#url, "POST", "/api/auth/logout", { token }).catch(() => {});
  }

  /**
   * Changes the name. Throws RefusedError: USERNAME_TAKEN, INVALID_PAYLOAD for a name that is not
   * allowed, INVALID_CREDENTIALS for a wrong password; and what `call` throws.
   *
   * @param {string} username
   * @param {string} [password] the player's; a guest's is known here
   */
  async rename(username, password) {
    const guest = this.kind === "guest" ? this.#readGuest() : null;
    const currentPassword = password ?? guest?.password;
    const body = { username, ...(currentPassword ? { currentPassword } : {}) };
    const account = expect(await this.request("PATCH", "/api/users/me", { body }), 200);
    if (guest) keep(this.#guestName, { ...guest, username: account.username });
    this.username = account.username;
    this.#keep();
    this.#tell();
  }

  async #register() {
    for (let attempt = 1; ; attempt += 1) {
      const guest = { username: makeGuestName(), password: makePassword() };
      const answer = await call(this.#url, "POST", "/api/auth/register", { body: guest });
      // Another guest may have the name.
      if (answer.status === 409 && attempt < NAME_ATTEMPTS) continue;
      const login = expect(answer, 201);
      keep(this.#guestName, guest);
      return login;
    }
  }

  // Returns null when the guest is not there any more: it was deleted, or has another password; or what
  // is kept is none that could be.
  /** @param {Login} guest */
  async #tryLogin(guest) {
    const answer = await call(this.#url, "POST", "/api/auth/login", { body: guest });
    return answer.status === 401 || answer.status === 400 ? null : expect(answer, 200);
  }

  /**
   * @param {Kind} kind
   * @param {Partial<Kept>} login
   */
  #become(kind, { userId = null, username = null, accessToken = null, refreshToken = null }) {
    Object.assign(this, { kind, userId, username, accessToken, refreshToken });
    this.#keep();
    this.#tell();
  }

  #keep() {
    const { kind, userId, username, accessToken, refreshToken } = this;
    keep(this.#keptName, { kind, userId, username, accessToken, refreshToken });
  }

  // Another page has logged in or out, renamed, or renewed the tokens.
  #follow() {
    this.#load();
    this.#tell();
  }

  get #identity() {
    return JSON.stringify([this.kind, this.userId, this.username]);
  }

  #tell() {
    if (this.#told === this.#identity) return;
    this.#told = this.#identity;
    this.emit("change", this);
  }

  #load() {
    const kept = readKept(this.#keptName);
    if (!kept) return;
    const { kind, userId, username, accessToken, refreshToken } = { ...NOBODY, ...kept };
    Object.assign(this, { kind, userId, username, accessToken, refreshToken });
  }

  /** @returns {Login | null} */
  #readGuest() {
    return readKept(this.#guestName);
  }
}

/**
 * @param {import("./laurel/calls.js").Answer} answer
 * @param {number} status
 */
function expect(answer, status) {
  if (answer.status !== status) throw new RefusedError(answer);
  return answer.body;
}

/** The session of this page. */
export const session = new Session();

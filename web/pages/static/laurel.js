// @ts-check
// Laurel's client for browsers: boards that stay right by themselves, and calls of the API.
// How to use it: docs/browser-client.md.

import { Channel, OWN } from "./laurel/channel.js";
import { Connection } from "./laurel/connection.js";
import { credentialsOf } from "./laurel/credentials.js";
import { Emitter } from "./laurel/emitter.js";
import { Followed } from "./laurel/followed.js";

export { RefusedError } from "./laurel/calls.js";

/** @typedef {import("./laurel/calls.js").Answer} Answer */
/** @typedef {import("./laurel/calls.js").CallOptions} CallOptions */
/** @typedef {import("./laurel/channel.js").ChannelOptions} ChannelOptions */
/** @typedef {import("./laurel/channel.js").Change} Change */
/** @typedef {import("./laurel/status.js").State} State */
/** @typedef {import("./laurel/credentials.js").SessionLike} SessionLike */

/**
 * One client: one session, one connection, and the channels that are followed on it.
 *
 * @extends {Emitter<{ state: { state: State, text: string } }>}
 */
export class Laurel extends Emitter {
  /** One's own channel: it tells each action's effect, and when others passed. @type {Channel} */
  own;
  #channels = new Followed();
  #connection;
  #credentials;
  #isStarted = false;
  #owner = this.#makeOwner();
  #hurry = () => document.visibilityState === "visible" && this.#connection.hurry();

  /**
   * @param {object} options
   * @param {string} [options.url] the API's address; "" for the server of the page
   * @param {SessionLike} options.session who is asking, such as a `Session` of session.js
   */
  constructor({ url = "", session }) {
    super();
    this.#credentials = credentialsOf(session, url);
    this.own = this.follow(OWN);
    this.#connection = new Connection(this.#credentials, this.#channels);
    this.#connection.status.on("state", (state) => this.emit("state", state));
    // Where a session tells of changes, another user is followed by itself.
    const watched = /** @type {{ on?: (name: string, listener: () => void) => void }} */ (session);
    watched.on?.("change", () => this.changeUser());
  }

  /** How the connection is; "state" tells each change. */
  get state() {
    const { state, text } = this.#connection.status;
    return { state, text };
  }

  /** Connects, and stays connected until `stop`. */
  async start() {
    if (this.#isStarted) return;
    this.#isStarted = true;
    document.addEventListener("visibilitychange", this.#hurry);
    for (const name of ["online", "offline", "pageshow"]) addEventListener(name, this.#hurry);
    await this.#connection.connect();
  }

  /** Disconnects; `start` begins again where it was. */
  stop() {
    this.#isStarted = false;
    document.removeEventListener("visibilitychange", this.#hurry);
    for (const name of ["online", "offline", "pageshow"]) removeEventListener(name, this.#hurry);
    this.#connection.stop();
  }

  /**
   * Follows a channel: "leaderboard", "leaderboard:weekly", "around:self", "around:weekly:self". One
   * that is followed already is replaced, and the channel of before stays silent.
   *
   * @param {string} name
   * @param {ChannelOptions} [options]
   * @returns {Channel}
   */
  follow(name, options = {}) {
    const channel = new Channel(name, options, this.#owner);
    this.#channels.add(channel);
    this.#connection?.ask(channel);
    return channel;
  }

  /**
   * Calls the API as the session, with a new token when the first has ended. What changes something
   * waits while the connection turns to another user, so that its events come. Throws TypeError or
   * DOMException when there is no answer.
   *
   * @param {string} method
   * @param {string} path
   * @param {CallOptions} [options]
   * @returns {Promise<Answer>}
   */
  async request(method, path, options = {}) {
    if (method !== "GET") await this.#connection.turned();
    return this.#credentials.request(method, path, options);
  }

  /** Connects as the session's user of now, if that is another one: in place, the boards stay. */
  changeUser() {
    if (this.#isStarted && this.#credentials.subject !== this.#channels.subject) void this.#connection.connect();
  }

  #makeOwner() {
    const client = this;
    return {
      get subject() {
        return client.#credentials.subject;
      },
      get own() {
        return client.own ?? null;
      },
      leave: (/** @type {Channel} */ channel) => this.#leave(channel),
    };
  }

  /** @param {Channel} channel */
  #leave(channel) {
    if (!this.#channels.has(channel)) return;
    this.#channels.remove(channel);
    this.#connection.leave(channel);
  }
}

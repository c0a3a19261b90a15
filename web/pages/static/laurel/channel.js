// @ts-check
// One channel that is followed: where it stands, what is asked of the server, and what it shows.

import { Emitter } from "./emitter.js";
import { Progress } from "./progress.js";
import { Shown } from "./shown.js";

/** @typedef {import("./rows.js").Row} Row */
/** @typedef {import("./rows.js").Move} Move */
/** @typedef {import("./progress.js").Position} Position */
/** @typedef {import("./progress.js").LiveEvent} LiveEvent */
/** @typedef {{ limit?: number, segment?: string | null }} ChannelOptions */
/**
 * What a channel shows after a snapshot or a change. `moved` has the players whose rows are new or
 * other ones; `you` is one's own row, null for who has none.
 *
 * @typedef {object} Change
 * @property {Row[]} rows
 * @property {number} totalUsers
 * @property {any} you
 * @property {Map<string, Move>} moved
 * @property {LiveEvent} event
 */
/** @typedef {{ subject: string | null, own: Channel | null, leave: (channel: Channel) => void }} ChannelOwner */
/** @typedef {{ change: Change, event: LiveEvent, ended: { code: string, message: string } }} ChannelEvents */

export const OWN = "user:self";
const LEADERBOARD = "leaderboard";
const TRY_AGAIN = new Set(["SERVICE_UNAVAILABLE", "BOARD_BUILDING", "RATE_LIMIT_EXCEEDED", "INTERNAL_ERROR"]);

/**
 * A channel of the server; made by `Laurel.follow`. `stop` ends it.
 *
 * @extends {Emitter<ChannelEvents>}
 */
export class Channel extends Emitter {
  /** @type {number | undefined} */
  #limit;
  #shown = new Shown();
  #progress;
  #client;

  /**
   * @param {string} name
   * @param {ChannelOptions} options
   * @param {ChannelOwner} client
   */
  constructor(name, options, client) {
    super();
    this.name = name;
    this.options = options;
    this.#progress = new Progress(name !== OWN);
    this.#client = client;
  }

  /** Does not follow it any more. */
  stop() {
    this.#client.leave(this);
  }

  /** What it shows. */
  get rows() {
    const { rows } = this.#shown;
    return this.isPersonal || !this.options.limit ? rows : rows.slice(0, this.options.limit);
  }

  get totalUsers() {
    return this.#shown.totalUsers;
  }

  /** Whether anything was told yet. */
  get isKnown() {
    return this.#shown.isKnown;
  }

  /** One's own row; of the leaderboard also where one stands behind its rows. @returns {any} */
  get you() {
    if (this.isPersonal) return this.#shown.you;
    const row = this.#shown.rows.find(({ userId }) => userId === this.#client.subject) ?? null;
    const { own } = this.#client;
    if (this.name !== LEADERBOARD || !own?.isKnown) return row;
    return row && this.#progress.seq >= own.seq ? row : own.you;
  }

  /** The last position, 0 for none. */
  get seq() {
    return this.#progress.seq;
  }

  /** Whether everything that it was asked for has come. */
  get isSettled() {
    return this.#progress.isSettled;
  }

  /** The id of the question that was not answered yet. */
  get askedId() {
    return this.#progress.askedId;
  }

  /** From where on to resume; null when only a snapshot helps. */
  get since() {
    return this.#progress.since;
  }

  /** Whether the server sends it without being asked. */
  get isAlwaysOn() {
    return this.name === OWN;
  }

  /** Whether it belongs to one user, and is another for the next. */
  get isPersonal() {
    return this.name === OWN || this.name.startsWith("around:");
  }

  /**
   * Returns the message that subscribes; what comes before its answer is not the channel's. A larger
   * `limit` than its own is one that it shares with others.
   *
   * @param {string | number} id
   * @param {number | undefined} [limit]
   */
  ask(id, limit = this.options.limit) {
    // What the rows lack under another limit is not among what was missed.
    if (limit !== this.#limit) this.#progress.forget();
    this.#limit = limit;
    const since = this.#progress.ask(id, this.isKnown);
    const { segment } = this.options;
    return {
      op: "subscribe",
      id,
      channel: this.name,
      ...(limit ? { limit } : {}),
      ...(segment ? { segment } : {}),
      ...(since ? { since } : {}),
    };
  }

  /** Nothing more comes until it asks again. */
  disconnect() {
    this.#progress.disconnect();
  }

  /** Another user looks on: what was one's own is not any more. */
  forgetUser() {
    this.#shown.forgetUser(this.isPersonal);
    if (this.isPersonal) this.#progress.forget();
  }

  /**
   * Takes the position of one's own channel, which is on from the beginning.
   *
   * @param {LiveEvent} welcome
   */
  greet(welcome) {
    this.#progress.greet(welcome);
  }

  /**
   * Takes an event of this channel. Returns what is to be done: "ask" when something was missed,
   * "later" when the server cannot answer yet, "end" when it will not, else null.
   *
   * @param {LiveEvent} event
   * @returns {"ask" | "later" | "end" | null}
   */
  receive(event) {
    if (event.event === "error") return this.#refuse(event);
    if (event.event === "subscribed") this.#progress.answer(event);
    else if (event.event === "unsubscribed") return event.reason ? this.#end(event.reason, "The channel has ended") : null;
    // Of what was followed before, something may still be on its way.
    else if (this.#progress.isDeaf || this.#isOfOtherSegment(event)) return null;
    else return this.#take(event);
    return null;
  }

  /**
   * @param {LiveEvent} event
   * @returns {"ask" | "later" | "end"}
   */
  #refuse({ code, message }) {
    const { since } = this;
    this.#progress.disconnect();
    if (TRY_AGAIN.has(code)) return "later";
    if (code !== "INVALID_PAYLOAD" || !since) return this.#end(code, message);
    // What it says of its position may be wrong.
    this.#progress.forget();
    return "ask";
  }

  /**
   * @param {string} code
   * @param {string} message
   * @returns {"end"}
   */
  #end(code, message) {
    this.emit("ended", { code, message });
    return "end";
  }

  /** @param {LiveEvent} event */
  #isOfOtherSegment(event) {
    return "segment" in event && (event.segment ?? null) !== (this.options.segment ?? null);
  }

  /**
   * @param {LiveEvent} event
   * @returns {"ask" | null}
   */
  #take(event) {
    if (event.event === "snapshot") this.#progress.restart(event);
    const verdict = event.from === undefined ? event : this.#progress.step(event);
    if (verdict === "ask") return "ask";
    if (verdict !== "drop") this.#apply(verdict);
    return null;
  }

  /** @param {LiveEvent} event */
  #apply(event) {
    const moved = this.isAlwaysOn ? this.#shown.takeOwn(event) : this.#shown.take(event);
    this.emit("event", event);
    const { rows, totalUsers, you } = this;
    if (moved) this.emit("change", { rows, totalUsers, you, moved, event });
  }
}

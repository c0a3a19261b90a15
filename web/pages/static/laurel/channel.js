// @ts-check
// One channel that is followed: where it stands, what is asked of the server, and what it shows.

import { Emitter } from "./emitter.js";
import { Progress } from "./progress.js";
import { applyDiff, findMoves, readMoves } from "./rows.js";

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
  /** @type {Row[]} */
  #rows = [];
  /** @type {number | undefined} */
  #limit;
  totalUsers = 0;
  /** @type {any} */
  #you = null;
  /** Whether `rows` were ever told. */
  isKnown = false;
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
    return this.isPersonal || !this.options.limit ? this.#rows : this.#rows.slice(0, this.options.limit);
  }

  /** One's own row; of the leaderboard also where one stands behind its rows. @returns {any} */
  get you() {
    if (this.isPersonal) return this.#you;
    const row = this.#rows.find(({ userId }) => userId === this.#client.subject) ?? null;
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
    this.#you = null;
    if (!this.isPersonal) return;
    this.#rows = [];
    this.isKnown = false;
    this.#progress.forget();
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
    else if (event.event === "snapshot") this.#restart(event);
    else if (event.from !== undefined) return this.#step(event);
    else this.#look(event);
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

  /** @param {LiveEvent} event */
  #restart(event) {
    this.#progress.restart(event);
    const { rows: before, isKnown } = this;
    this.#show(event, event.around ?? event.leaderboard ?? []);
    this.emit("event", event);
    this.#tell(event, isKnown ? findMoves(before, this.rows) : new Map());
  }

  // Each event of the rows around a player is whole; others tell something and change nothing.
  /** @param {LiveEvent} event */
  #look(event) {
    const before = this.rows;
    if (event.event === "around") this.#show(event, event.around);
    this.emit("event", event);
    if (event.event === "around") this.#tell(event, findMoves(before, this.rows));
  }

  /**
   * @param {LiveEvent} event
   * @returns {"ask" | null}
   */
  #step(event) {
    const verdict = this.#progress.step(event);
    if (verdict === "ask") return "ask";
    if (verdict === "drop") return null;
    this.emit("event", event);
    if (event.event === "leaderboard_changed") this.#change(event);
    else this.#moveOwn(event);
    return null;
  }

  /** @param {LiveEvent} event */
  #change(event) {
    const moved = readMoves(this.#rows, /** @type {any} */ (event));
    this.#show(event, applyDiff(this.#rows, /** @type {any} */ (event)));
    this.#tell(event, moved);
  }

  // One's own channel tells how one stands after each event.
  /** @param {LiveEvent} event */
  #moveOwn(event) {
    if (this.name !== OWN || event.newScore === undefined) return;
    const { newScore: score, newRank: rank, userId } = event;
    this.#you = rank === null ? null : { ...this.#you, userId, score, rank };
    this.#tell(event, new Map());
  }

  /**
   * @param {LiveEvent} event
   * @param {Row[]} rows
   */
  #show(event, rows) {
    this.#rows = rows;
    this.isKnown = true;
    if (event.totalUsers !== undefined) this.totalUsers = event.totalUsers;
    if (event.you !== undefined) this.#you = event.you;
  }

  /**
   * @param {LiveEvent} event
   * @param {Map<string, Move>} moved
   */
  #tell(event, moved) {
    const { rows, totalUsers, you } = this;
    this.emit("change", { rows, totalUsers, you, moved, event });
  }
}

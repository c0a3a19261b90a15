// @ts-check
// One channel that is followed: where it stands, what is asked of the server, and what it shows.

import { Emitter } from "./emitter.js";
import { applyDiff, findMoves } from "./rows.js";

/** @typedef {import("./rows.js").Row} Row */
/** @typedef {import("./rows.js").Move} Move */
/** @typedef {{ epoch: string, seq: number }} Position */
/** @typedef {Record<string, any> & { event: string }} LiveEvent */
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
/** @typedef {{ change: Change, event: LiveEvent, ended: { code: string, message: string } }} ChannelEvents */

export const OWN = "user:self";
// After so long everything that came in one piece has come.
const PIECE_MS = 1000;
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
  you = null;
  /** Whether `rows` were ever told. */
  isKnown = false;
  /** Where it is on its way: "idle", "asked", or "starting" (a snapshot comes). */
  #phase = "idle";
  /** @type {string | number | null} */
  #askedId = null;
  /** @type {Position | null} */
  #position = null;
  /** Where the server said that it stands; between `#position` and this are the events that were missed. */
  #promised = 0;
  #promisedAt = 0;
  #isOwnUser;
  #onStop;

  /**
   * @param {string} name
   * @param {ChannelOptions} options
   * @param {{ isOwnUser?: (userId: string) => boolean, onStop?: (channel: Channel) => void }} [hooks]
   */
  constructor(name, options = {}, { isOwnUser = () => false, onStop = () => {} } = {}) {
    super();
    this.name = name;
    this.options = options;
    this.#isOwnUser = isOwnUser;
    this.#onStop = onStop;
  }

  /** Does not follow it any more. */
  stop() {
    this.#onStop(this);
  }

  /** What it shows. */
  get rows() {
    return this.isPersonal || !this.options.limit ? this.#rows : this.#rows.slice(0, this.options.limit);
  }

  /** Whether everything that it was asked for has come. */
  get isSettled() {
    return this.#phase === "idle";
  }

  /** The id of the question that was not answered yet. */
  get askedId() {
    return this.#askedId;
  }

  /** Whether the server sends it without being asked. */
  get isAlwaysOn() {
    return this.name === OWN;
  }

  /** Where it stands; null when only a snapshot helps. */
  get position() {
    return this.#position;
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
    if (limit !== this.#limit) this.#position = null;
    this.#limit = limit;
    this.#askedId = id;
    this.#phase = "asked";
    // What was missed came in one piece with the promise, if there was anything.
    if (this.#position && this.#promised && Date.now() - this.#promisedAt > PIECE_MS) this.#stand(this.#promised);
    const { segment } = this.options;
    return {
      op: "subscribe",
      id,
      channel: this.name,
      ...(limit ? { limit } : {}),
      ...(segment ? { segment } : {}),
      ...(this.#position ? { since: this.#position } : {}),
    };
  }

  /** Nothing more comes until it asks again. */
  disconnect() {
    this.#phase = "idle";
    this.#askedId = null;
  }

  /** Another user looks on: what was one's own is not any more. */
  forgetUser() {
    this.you = null;
    if (!this.isPersonal) return;
    this.#rows = [];
    this.isKnown = false;
    this.#position = null;
    this.#promised = 0;
  }

  /**
   * Takes the position of one's own channel, which is on from the beginning.
   *
   * @param {LiveEvent} welcome
   */
  greet({ epoch, seq }) {
    if (!this.#position && epoch) this.#position = { epoch, seq };
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
    if (event.event === "subscribed") return this.#start(event);
    if (event.event === "unsubscribed") return event.reason ? this.#end(event.reason, "The channel has ended") : null;
    // Of what was followed before, something may still be on its way.
    if (this.#phase === "asked" || this.#isOfOtherSegment(event)) return null;
    if (event.event === "snapshot") return this.#restart(event);
    if (event.from !== undefined) return this.#step(event);
    this.#look(event);
    this.emit("event", event);
    return null;
  }

  /** @param {LiveEvent} event */
  #refuse({ code, message }) {
    this.#phase = "idle";
    this.#askedId = null;
    if (TRY_AGAIN.has(code)) return "later";
    // What it says of its position may be wrong.
    if (code === "INVALID_PAYLOAD" && this.#position) {
      this.#position = null;
      return "ask";
    }
    return this.#end(code, message);
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

  /**
   * @param {LiveEvent} event
   * @returns {null}
   */
  #start({ id, epoch, seq, recovered }) {
    // Unasked, with a null id, when the server had to begin again.
    if (this.#phase === "asked" && id !== this.#askedId) return null;
    this.#askedId = null;
    if (!recovered || !this.#position) {
      this.#phase = "starting";
      return null;
    }
    this.#phase = "idle";
    if (epoch === this.#position.epoch && seq > this.#position.seq) [this.#promised, this.#promisedAt] = [seq, Date.now()];
    return null;
  }

  /** @param {LiveEvent} event */
  #isOfOtherSegment(event) {
    return "segment" in event && (event.segment ?? null) !== (this.options.segment ?? null);
  }

  /**
   * @param {LiveEvent} event
   * @returns {null}
   */
  #restart(event) {
    this.#phase = "idle";
    // Without an epoch the state is right, and nothing leads on from it.
    this.#position = event.epoch ? { epoch: event.epoch, seq: event.seq } : null;
    this.#promised = 0;
    const before = this.rows;
    const wasKnown = this.isKnown;
    this.#show(event, event.around ?? event.leaderboard ?? []);
    this.emit("event", event);
    this.#tell(event, wasKnown ? findMoves(before, this.rows) : new Map());
    return null;
  }

  // The first of all around a player is a snapshot, each that follows is whole too.
  /** @param {LiveEvent} event */
  #look(event) {
    if (event.event !== "around") return;
    const before = this.rows;
    this.#phase = "idle";
    this.#show(event, event.around);
    this.#tell(event, findMoves(before, this.rows));
  }

  /**
   * @param {LiveEvent} event
   * @returns {"ask" | null}
   */
  #step(event) {
    if (this.#phase === "starting") return null;
    if (!this.#position || event.epoch !== this.#position.epoch) return "ask";
    const { from, seq } = event;
    // Nothing was missed before it, although time has passed.
    if (this.#promised && from >= this.#promised) this.#stand(this.#promised);
    const now = this.#position.seq;
    if (seq < now) return null; // told before
    const isMissed = seq <= this.#promised;
    const isSameBatch = seq === now;
    if (from !== now && !isSameBatch && !isMissed) return "ask";
    const isRows = event.event === "leaderboard_changed";
    if (isRows && isSameBatch) return null; // told before
    // Of a board's batch the rows come last, and only they lead on.
    if (isRows || this.name === OWN) this.#stand(seq);
    this.emit("event", event);
    if (isRows) this.#change(event);
    else this.#moveOwn(event);
    return null;
  }

  /** @param {number} seq */
  #stand(seq) {
    if (this.#position) this.#position = { epoch: this.#position.epoch, seq };
    if (seq >= this.#promised) this.#promised = 0;
  }

  /** @param {LiveEvent} event */
  #change(event) {
    const ranks = new Map(this.rows.map((row) => [row.userId, row.rank]));
    /** @type {Map<string, Move>} */
    const moved = new Map(event.removed.map((/** @type {string} */ userId) => [userId, { from: ranks.get(userId) ?? null, to: null }]));
    for (const { userId, newRank, previousRank } of event.changes) moved.set(userId, { from: previousRank ?? ranks.get(userId) ?? null, to: newRank });
    this.#show({ ...event, you: undefined }, applyDiff(this.#rows, /** @type {any} */ (event)));
    this.#tell(event, moved);
  }

  // One's own channel tells how one stands after each event.
  /** @param {LiveEvent} event */
  #moveOwn(event) {
    if (this.name !== OWN || event.newScore === undefined) return;
    const { newScore: score, newRank: rank, userId } = event;
    this.you = rank === null ? null : { ...this.you, userId, score, rank };
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
    const own = this.isPersonal ? undefined : rows.find((row) => this.#isOwnUser(row.userId));
    if (own) this.you = own;
    else if (event.you !== undefined) this.you = event.you;
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

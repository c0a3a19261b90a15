// @ts-check
// Where a channel stands: its position, what was asked of the server, and which events come next.

import { Told } from "./told.js";

/** @typedef {{ epoch: string, seq: number }} Position */
/** @typedef {Record<string, any> & { event: string }} LiveEvent */
/** @typedef {LiveEvent | "drop" | "ask"} Verdict the event to apply, or what of it is new; "ask": something was missed */

// After so long everything that came in one piece has come.
const PIECE_MS = 1000;

export class Progress {
  /** The id of the question that was not answered yet. @type {string | number | null} */
  askedId = null;
  #isStarting = false;
  #isResuming = false;
  /** @type {Position | null} */
  #position = null;
  /** Where the server says that it stands: from the position up to here come the events that were missed. */
  #promised = { seq: 0, at: 0 };
  /** Of one's own channel. */
  #told = new Told();
  #isLedByRows;

  /** @param {boolean} isLedByRows whether `leaderboard_changed` is the last event of each batch */
  constructor(isLedByRows) {
    this.#isLedByRows = isLedByRows;
  }

  /** Whether everything that was asked for has come. */
  get isSettled() {
    return this.askedId === null && !this.#isStarting;
  }

  /** Whether nothing that comes is the channel's until there is an answer. */
  get isDeaf() {
    // One's own comes before its first snapshot too, which is newer then.
    return this.askedId !== null && (this.#isLedByRows || this.#isResuming);
  }

  /** The last position, 0 for none. */
  get seq() {
    return this.#position?.seq ?? 0;
  }

  /** From where on to resume; null when only a snapshot helps. @returns {Position | null} */
  get since() {
    if (!this.#position) return null;
    const { epoch, seq } = this.#position;
    return { epoch, seq: this.#told.since(seq) };
  }

  /**
   * Returns from where on to resume, null to begin with a snapshot.
   *
   * @param {string | number} id of the question
   * @param {boolean} isKnown whether there is something that may be resumed
   */
  ask(id, isKnown) {
    this.askedId = id;
    this.#isStarting = false;
    this.#settle();
    this.#isResuming = isKnown && this.#position !== null;
    this.#told.cut();
    this.#told.resume();
    return this.#isResuming ? this.since : null;
  }

  /** Nothing more comes until it asks again. */
  disconnect() {
    this.askedId = null;
    this.#isStarting = false;
    this.#settle();
    // What has not come does not come any more.
    this.#promised.seq = 0;
    this.#told.cut();
  }

  /** Only a snapshot helps. */
  forget() {
    this.#position = null;
    this.#told = new Told();
    this.#promised.seq = 0;
  }

  /**
   * Takes the position of a channel that is on without being asked for.
   *
   * @param {LiveEvent} welcome
   */
  greet({ epoch, seq }) {
    if (!this.#position && epoch) this.#position = { epoch, seq };
  }

  /**
   * Takes the answer to a question; its id is null when the server had to begin again, unasked.
   *
   * @param {LiveEvent} event
   */
  answer({ id, epoch, seq, recovered }) {
    if (this.askedId !== null && id !== this.askedId) return;
    this.askedId = null;
    this.#isStarting = !recovered || !this.#position;
    if (!this.#isStarting && epoch === this.#position?.epoch && seq > this.seq) this.#promised = { seq, at: Date.now() };
  }

  /** @param {LiveEvent} snapshot without an epoch it is right, and nothing leads on from it */
  restart({ epoch, seq }) {
    this.disconnect();
    this.forget();
    if (epoch) this.#position = { epoch, seq };
  }

  /**
   * Takes an event that leads from one position to another.
   *
   * @param {LiveEvent} event
   * @returns {Verdict}
   */
  step(event) {
    if (this.#isStarting) return "drop";
    if (!this.#position || event.epoch !== this.#position.epoch) return "ask";
    const { from, seq } = event;
    if (this.#promised.seq && from >= this.#promised.seq) this.#stand(this.#promised.seq);
    const now = this.seq;
    if (seq < now) return "drop"; // told before
    if (from !== now && seq !== now && seq > this.#promised.seq) return "ask";
    return this.#isLedByRows ? this.#stepByRows(event) : this.#stepInBatch(event);
  }

  /**
   * @param {LiveEvent} event
   * @returns {Verdict}
   */
  #stepByRows(event) {
    if (event.event !== "leaderboard_changed") return event;
    if (event.seq === this.#position?.seq) return "drop"; // told before
    this.#stand(event.seq);
    return event;
  }

  /**
   * @param {LiveEvent} event
   * @returns {Verdict}
   */
  #stepInBatch(event) {
    this.#stand(event.seq);
    return this.#told.take(event) ?? "drop";
  }

  // Nothing was missed although time has passed, or it would have come.
  #settle() {
    if (this.#promised.seq && Date.now() - this.#promised.at > PIECE_MS) this.#stand(this.#promised.seq);
  }

  /** @param {number} seq */
  #stand(seq) {
    if (this.#position) this.#position = { epoch: this.#position.epoch, seq };
    if (seq >= this.#promised.seq) this.#promised.seq = 0;
  }
}

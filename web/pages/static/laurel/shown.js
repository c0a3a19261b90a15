// @ts-check
// What a channel shows: rows, how many players there are, and one's own row.

import { applyDiff, findMoves, readMoves } from "./rows.js";

/** @typedef {import("./rows.js").Row} Row */
/** @typedef {import("./rows.js").Move} Move */
/** @typedef {import("./progress.js").LiveEvent} LiveEvent */

export class Shown {
  /** @type {Row[]} */
  rows = [];
  totalUsers = 0;
  /** One's own row as events told it. @type {any} */
  you = null;
  /** Whether anything was ever told. */
  isKnown = false;

  /** Forgets the rows too when they are one user's. @param {boolean} isPersonal */
  forgetUser(isPersonal) {
    this.you = null;
    if (!isPersonal) return;
    this.rows = [];
    this.isKnown = false;
  }

  /**
   * Takes an event, and returns who moves; null when it changes nothing that is shown.
   *
   * @param {LiveEvent} event
   * @returns {Map<string, Move> | null}
   */
  take(event) {
    if (event.event === "leaderboard_changed") return this.#change(event);
    if (event.event === "snapshot" || event.event === "around") return this.#restart(event);
    return null;
  }

  // One's own channel tells how one stands after each event.
  /** @param {LiveEvent} event */
  takeOwn(event) {
    if (event.newScore === undefined) return this.take(event);
    const { newScore: score, newRank: rank, userId } = event;
    this.you = rank === null ? null : { ...this.you, userId, score, rank };
    return new Map();
  }

  /** @param {LiveEvent} event */
  #restart(event) {
    const { rows: before, isKnown } = this;
    this.rows = event.around ?? event.leaderboard ?? [];
    this.isKnown = true;
    this.totalUsers = event.totalUsers;
    if (event.you !== undefined) this.you = event.you;
    return isKnown ? findMoves(before, this.rows) : new Map();
  }

  /** @param {LiveEvent} event */
  #change(event) {
    const diff = /** @type {any} */ (event);
    const moves = readMoves(this.rows, diff);
    this.rows = applyDiff(this.rows, diff);
    this.totalUsers = event.totalUsers;
    return moves;
  }
}

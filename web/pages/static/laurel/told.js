// @ts-check
// What one's own channel has told of its last step. A connection that is cut inside a step brings it
// again from its beginning, perhaps with what came after it, and perhaps as one sum.

/** @typedef {import("./progress.js").LiveEvent} LiveEvent */

// What came in one piece came within this time, or its rest is lost.
const PIECE_MS = 10_000;

/** The events of the last step that were told; which one is its last is not known. */
export class Told {
  #from = 0;
  #seq = 0;
  #at = -Infinity;
  /** In order of effect, each with what it has told. @type {{ actionId: string, merged: number, scoreIncrease: number }[]} */
  #updates = [];
  /** The last event that was no update; a rank may be told again when there was another in between. */
  #lastOther = "";
  #isCut = false;
  /** How many of the updates have come again; none is expected to when it is not below their number. */
  #repeated = Infinity;

  /** Nothing comes for now: more of the last step may be missing. */
  cut() {
    this.#isCut ||= Date.now() - this.#at < PIECE_MS;
  }

  /**
   * Returns where to resume that stands at a position: before the step that may be cut.
   *
   * @param {number} seq
   */
  since(seq) {
    return this.#isCut && seq === this.#seq ? this.#from : seq;
  }

  /** From here on the step comes again, if it was cut. */
  resume() {
    this.#repeated = this.#isCut ? 0 : Infinity;
  }

  /**
   * Returns of an event what was not told yet: all of it, the rest of a sum, or null.
   *
   * @param {LiveEvent} event
   * @returns {LiveEvent | null}
   */
  take(event) {
    if (event.from !== this.#from) this.#begin(event.from);
    this.#seq = event.seq;
    this.#at = Date.now();
    this.#isCut = false;
    return event.event === "score_updated" ? this.#takeUpdate(event) : this.#takeOther(event);
  }

  /** @param {number} from */
  #begin(from) {
    this.#from = from;
    this.#updates = [];
    this.#lastOther = "";
    this.#repeated = Infinity;
  }

  /** @param {LiveEvent} event */
  #takeOther(event) {
    const name = [event.event, event.newRank].join();
    if (name === this.#lastOther) return null;
    this.#lastOther = name;
    return event;
  }

  /** @param {LiveEvent} event */
  #takeUpdate(event) {
    const again = this.#updates.slice(this.#repeated);
    if (again.length > 0 && event.merged === 1 && again[0].actionId === event.actionId) {
      this.#repeated += 1;
      return null;
    }
    this.#repeated = Infinity;
    const rest = event.merged > 1 ? subtract(event, again) : event;
    if (rest) this.#updates.push({ actionId: rest.actionId, merged: rest.merged, scoreIncrease: rest.scoreIncrease });
    return rest;
  }
}

/**
 * Returns a sum without its first updates, which were told; null when those are all.
 *
 * @param {LiveEvent} sum
 * @param {{ merged: number, scoreIncrease: number }[]} told
 * @returns {LiveEvent | null}
 */
function subtract(sum, told) {
  const count = told.reduce((total, { merged }) => total + merged, 0);
  const increase = told.reduce((total, { scoreIncrease }) => total + scoreIncrease, 0);
  if (count >= sum.merged) return null;
  return { ...sum, merged: sum.merged - count, scoreIncrease: sum.scoreIncrease - increase, previousScore: sum.previousScore + increase };
}

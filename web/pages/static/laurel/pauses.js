// @ts-check
// How long to wait before the next attempt: longer each time, and never the same for all clients.

const FIRST_MS = 500;
const LONGEST_MS = 20_000;

export class Pauses {
  #nextMs = FIRST_MS;
  #random;

  /** @param {() => number} [random] from 0 up to 1 */
  constructor(random = Math.random) {
    this.#random = random;
  }

  /** The last attempt was good. */
  reset() {
    this.#nextMs = FIRST_MS;
  }

  /** The next pauses are the longest: what was refused may be refused again. */
  lengthen() {
    this.#nextMs = LONGEST_MS;
  }

  /** Returns the next pause in milliseconds: between half and one and a half of what it is on average. */
  take() {
    const pauseMs = this.#nextMs * (0.5 + this.#random());
    this.#nextMs = Math.min(2 * this.#nextMs, LONGEST_MS);
    return pauseMs;
  }
}

// @ts-check
// Finds out that a connection is dead: nothing was heard for too long, and a question has no answer.

const ANSWER_MS = 10_000;
const URGENT_MS = 4_000;

export class Watch {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #silentMs;
  #ask;
  #lost;

  /**
   * @param {number} silentMs after so long without a word it asks
   * @param {() => boolean} ask asks for a sign of life; returns whether that can be done
   * @param {() => void} lost is called when there is none
   */
  constructor(silentMs, ask, lost) {
    this.#silentMs = silentMs;
    this.#ask = ask;
    this.#lost = lost;
    this.heard();
  }

  /** There was a sign of life. */
  heard() {
    this.#set(() => this.#probe(ANSWER_MS), this.#silentMs);
  }

  /** Asks at once: the machine may have slept, or changed its network. */
  hurry() {
    this.#probe(URGENT_MS);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  /** @param {number} answerMs */
  #probe(answerMs) {
    if (this.#ask()) this.#set(this.#lost, answerMs);
    else if (answerMs === ANSWER_MS) this.#lost();
  }

  /**
   * @param {() => void} act
   * @param {number} afterMs
   */
  #set(act, afterMs) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, afterMs);
  }
}

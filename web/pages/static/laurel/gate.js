// @ts-check
// Where callers wait until something has happened, and no longer than it is worth.

export class Gate {
  /** @type {(() => void)[]} */
  #waiting = [];

  /** @param {number} longestMs */
  wait(longestMs) {
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(null));
      setTimeout(resolve, longestMs, null);
    });
  }

  /** Lets all go on. */
  release() {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

// The last scores of players who have come into sight, asked for one after the other: it is not
// urgent, and what cannot be had is left out.

import { laurel } from "./looking.js";

const PAUSE_MS = 150;

export class Past {
  #queue = [];
  #isAsking = false;
  #onKnown;

  /** `onKnown` is told `(userId, seen)` when the scores of a player are in `seen`. */
  constructor(onKnown) {
    this.#onKnown = onKnown;
  }

  /** Asks for those of whom it was never asked. */
  want(rows, seen) {
    if (document.visibilityState !== "visible") return;
    for (const { userId } of rows) if (seen.wantsPast(userId)) this.#queue.push([userId, seen]);
    if (!this.#isAsking && this.#queue.length > 0) this.#ask();
  }

  async #ask() {
    this.#isAsking = true;
    while (this.#queue.length > 0) {
      const [userId, seen] = this.#queue.shift();
      const answer = await laurel.request("GET", `/api/users/${userId}/history`).catch(() => null);
      if (answer?.status === 200) this.#take(userId, seen, answer.body.lastActions);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS + 1000 * (answer?.retryAfter ?? 0)));
    }
    this.#isAsking = false;
  }

  #take(userId, seen, lastActions) {
    const past = lastActions.map((action) => action.newScore).filter((score) => score !== null);
    seen.addPast(userId, past.reverse());
    this.#onKnown(userId, seen);
  }
}

// The last scores of players who have come into sight: one question for all of them at a time. It is
// not urgent, and what cannot be had is left out.

const PAUSE_MS = 1000;
const MOST_PLAYERS = 20;

export class Past {
  // By `seen`: who is waited for, and where to ask for them.
  #waiting = new Map();
  #isAsking = false;
  #onKnown;

  /** `onKnown` is told `(userId, seen)` when the scores of a player are in `seen`. */
  constructor(onKnown) {
    this.#onKnown = onKnown;
  }

  /** Asks for those of whom it was never asked; `reads` are those of the board (`BoardReads`). */
  want(rows, seen, reads, segment) {
    if (document.visibilityState !== "visible") return;
    const wanted = rows.map(({ userId }) => userId).filter((userId) => seen.wantsPast(userId));
    if (wanted.length === 0) return;
    this.#waiting.set(seen, { reads, segment, players: [...(this.#waiting.get(seen)?.players ?? []), ...wanted] });
    if (!this.#isAsking) this.#ask();
  }

  async #ask() {
    this.#isAsking = true;
    while (this.#waiting.size > 0) {
      const [[seen, { reads, segment, players }]] = this.#waiting;
      const asked = players.splice(0, MOST_PLAYERS);
      if (players.length === 0) this.#waiting.delete(seen);
      const found = await reads.get("/past-scores", { players: asked.join(), segment }).catch((error) => error);
      if (found?.players) this.#take(seen, found);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS + 1000 * (found?.retryAfter ?? 0)));
    }
    this.#isAsking = false;
  }

  #take(seen, { period, players }) {
    if (!seen.isOf(period)) return;
    for (const { userId, scores } of players) {
      seen.addPast(userId, scores);
      this.#onKnown(userId, seen);
    }
  }
}

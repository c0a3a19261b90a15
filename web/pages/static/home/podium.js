// The first three of the period before, read once for each period.

import { drawPodium } from "../panel.js";

const TITLES = { daily: "Yesterday", weekly: "Last week", monthly: "Last month", yearly: "Last year", season: "The season before" };

export class Podium {
  #reads;
  #format;
  #drawnOf = null;

  constructor(reads, format) {
    this.#reads = reads;
    this.#format = format;
  }

  /** Draws it unless that was done; `page` is an answer about the board. Throws as `reads.get`. */
  async draw({ period, boardVersion }, kind, segment, isOver) {
    // Another season is another version.
    const title = kind === "season" && boardVersion === 1 ? null : TITLES[kind];
    if (!title || this.#drawnOf === period) return;
    const podium = await this.#reads.get("/standings", { period: "previous", limit: 3, segment }).catch((error) => {
      if (error.status === 404 && !error.isGone) return { leaderboard: [] }; // there was none
      throw error;
    });
    if (isOver()) return;
    this.#drawnOf = period;
    if (podium) drawPodium(podium.leaderboard, title, this.#format);
  }
}

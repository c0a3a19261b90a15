// The two channels of a board that is shown: its first rows, and those around one's own.

import { laurel, session } from "./looking.js";

const GLOBAL = "global";

function nameChannels(board) {
  if (board === GLOBAL) return { top: "leaderboard", around: "around:self" };
  return { top: `leaderboard:${board}`, around: `around:${board}:self` };
}

export class Followed {
  #top = null;
  #around = null;
  #listener;

  /**
   * `listener` has `onRows` and `onAround` for changes, `onClosed` for a period that was closed, and
   * `onEnded` for a channel that is not there any more.
   */
  constructor(listener) {
    this.#listener = listener;
  }

  /** Follows the board, or one of its segments, from now on. */
  start(board, { top: limit, around: neighbors, segment }) {
    this.stop();
    const names = nameChannels(board);
    const part = segment ? { segment } : {};
    this.#top = this.#follow(names.top, { limit, ...part }, this.#listener.onRows);
    // Who only looks on has no place of one's own.
    if (session.isPlayer) this.#around = this.#follow(names.around, { limit: neighbors, ...part }, this.#listener.onAround);
  }

  stop() {
    for (const channel of [this.#top, this.#around]) channel?.stop();
    this.#top = this.#around = null;
  }

  /** Whether the first rows are right by themselves. */
  get isTopLive() {
    return this.#isLive(this.#top);
  }

  /** Whether one's own place is right by itself. */
  get isAroundLive() {
    return this.#isLive(this.#around);
  }

  /** Whether nothing needs to be asked for. */
  get isLive() {
    return this.isTopLive && (this.isAroundLive || !session.isPlayer);
  }

  #isLive(channel) {
    return channel !== null && channel.isKnown && laurel.state.state === "live";
  }

  #follow(name, options, onChange) {
    const channel = laurel.follow(name, options);
    channel.on("change", onChange);
    channel.on("event", (event) => event.event === "period_closed" && this.#listener.onClosed());
    channel.on("ended", () => this.#end(channel));
    return channel;
  }

  #end(channel) {
    if (channel === this.#top) this.#top = null;
    if (channel === this.#around) this.#around = null;
    this.#listener.onEnded();
  }
}

// @ts-check
// How the connection is, in one word and in words for people.

import { Emitter } from "./emitter.js";

/** @typedef {"connecting" | "catching up" | "live" | "offline" | "ended"} State */

/** @type {Record<State, string>} */
const WORDS = {
  connecting: "Connecting…",
  "catching up": "Catching up…",
  live: "Live",
  offline: "Offline. Trying again…",
  ended: "Ended",
};

/** @extends {Emitter<{ state: { state: State, text: string } }>} */
export class Status extends Emitter {
  /** @type {State} */
  state = "connecting";
  text = WORDS.connecting;

  /**
   * Tells a change. Without a network the reason of being offline is that.
   *
   * @param {State} state
   * @param {string} [text]
   */
  show(state, text = WORDS[state]) {
    const said = state === "offline" && !navigator.onLine ? "No network" : text;
    if (state === this.state && said === this.text) return;
    [this.state, this.text] = [state, said];
    this.emit("state", { state, text: said });
  }
}

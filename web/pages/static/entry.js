// What a player may do to be on a board: play for one of its segments, or join it.

import { ask, boardPath } from "./board_reads.js";
import { nameSegment } from "./panel.js";

const OF_PLAYER = "player.";

export class Entry {
  #board;
  #definition;
  #home = null;
  #hasJoined = false;

  constructor({ board, definition }) {
    this.#board = board;
    this.#definition = definition;
  }

  // The attribute of the player that is the segment; null where it is something else.
  get attribute() {
    const { segment } = this.#definition;
    return segment?.startsWith(OF_PLAYER) ? segment.slice(OF_PLAYER.length) : null;
  }

  // The segment that the player's attribute names; null without one.
  get home() {
    return this.#home;
  }

  async read() {
    if (this.attribute === null) return;
    const { body } = await ask("GET", "/api/users/me?limit=1");
    // What was just taken may not have been there when this was read.
    this.#home = body.attributes[this.attribute] ?? this.#home;
  }

  // What the player may do, in words; null when there is nothing left.
  offer(segment) {
    if (this.#isElsewhere(segment)) return `Play for ${nameSegment(this.#definition, segment)}`;
    return this.#isOutside() ? "Join this board" : null;
  }

  // Whether the player has done what the board asks for.
  isDone(segment) {
    const asks = this.#definition.joinRequired || (this.attribute !== null && segment !== null);
    return asks && this.offer(segment) === null;
  }

  // Rows of another segment follow the player; actions from now on count where the player is.
  async take(segment) {
    if (this.#isElsewhere(segment)) {
      await ask("PATCH", "/api/users/me", { body: { attributes: { [this.attribute]: segment } } });
      this.#home = segment;
    } else if (this.#isOutside()) {
      await ask("POST", `${boardPath(this.#board)}/join`);
      this.#hasJoined = true;
    }
  }

  #isElsewhere(segment) {
    return this.attribute !== null && segment !== null && this.#home !== segment;
  }

  // Who has joined before and has not played is asked again: it changes nothing.
  #isOutside() {
    return this.#definition.joinRequired && !this.#hasJoined;
  }
}

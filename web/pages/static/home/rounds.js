// The reaction round: three lights, each after a wait of its own. Knows nothing of the page: it is
// told of presses and tells what happens. Its points stay far below what one action may bring.

const LIGHTS = 3;
const SHORTEST_WAIT_MS = 700;
const LONGEST_WAIT_MS = 1900;
// Nobody reacts to a light that fast: who presses then, guessed.
const FASTEST_MS = 100;
const MISSED_MS = 2000;
const MOST_POINTS = 120;
const FULL_MS = 200;
const POINTS_PER_MS = 0.2;

/** The points of one light: the full number up to 200 ms, then a fifth of a point less for each ms. */
export function pointsFor(reactionMs) {
  return Math.max(5, Math.round(MOST_POINTS - Math.max(0, reactionMs - FULL_MS) * POINTS_PER_MS));
}

/**
 * One round after the other. `tell` hears `{phase, light, reactions, points}`: phase "wait", "go",
 * "hit", "done" (with the points of the round), "early" and "missed" (both end it without points).
 */
export class Rounds {
  #phase = "idle";
  #reactions = [];
  #litAt = 0;
  #timer = null;
  #tell;
  #chance;

  constructor(tell, chance = Math.random) {
    this.#tell = tell;
    this.#chance = chance;
  }

  /** Whether a press now is part of a round, and does not begin one. */
  get isRunning() {
    return this.#phase === "wait" || this.#phase === "go" || this.#phase === "hit";
  }

  press(at = performance.now()) {
    if (this.#phase === "go") return this.#hit(at - this.#litAt);
    if (this.#phase === "wait") return this.#end("early");
    if (this.#phase === "hit") return undefined;
    this.#reactions = [];
    return this.#wait();
  }

  #wait() {
    this.#enter("wait");
    const waitMs = SHORTEST_WAIT_MS + this.#chance() * (LONGEST_WAIT_MS - SHORTEST_WAIT_MS);
    this.#timer = setTimeout(() => this.#light(), waitMs);
  }

  #light() {
    this.#litAt = performance.now();
    this.#enter("go");
    this.#timer = setTimeout(() => this.#end("missed"), MISSED_MS);
  }

  #hit(reactionMs) {
    if (reactionMs < FASTEST_MS) return this.#end("early");
    clearTimeout(this.#timer);
    this.#reactions.push(Math.round(reactionMs));
    if (this.#reactions.length === LIGHTS) return this.#end("done");
    this.#enter("hit");
    this.#timer = setTimeout(() => this.#wait(), 350);
    return undefined;
  }

  #end(phase) {
    clearTimeout(this.#timer);
    this.#enter(phase);
  }

  #enter(phase) {
    this.#phase = phase;
    const reactions = [...this.#reactions];
    const points = reactions.reduce((sum, reaction) => sum + pointsFor(reaction), 0);
    this.#tell({ phase, light: reactions.length, reactions, points });
  }
}

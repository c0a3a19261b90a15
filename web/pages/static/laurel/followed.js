// @ts-check
// All channels that are followed, by name, and whose they are.

/** @typedef {import("./channel.js").Channel} Channel */
/** @typedef {import("./progress.js").LiveEvent} LiveEvent */

export class Followed {
  /** The user whose events they have. @type {string | null} */
  subject = null;
  /** @type {Map<string, Channel>} */
  #byName = new Map();

  [Symbol.iterator]() {
    return this.#byName.values();
  }

  /** @param {Channel} channel */
  add(channel) {
    this.#byName.set(channel.name, channel);
  }

  /** @param {Channel} channel */
  has(channel) {
    return this.#byName.get(channel.name) === channel;
  }

  /** @param {Channel} channel */
  remove(channel) {
    if (this.has(channel)) this.#byName.delete(channel.name);
  }

  /** Whether everything that was asked for has come. */
  get isSettled() {
    return [...this].every((channel) => channel.isSettled);
  }

  /** @param {string | null} subject who looks on from now on */
  turnTo(subject) {
    if (this.subject === subject) return;
    this.subject = subject;
    for (const channel of this) channel.forgetUser();
  }

  disconnect() {
    for (const channel of this) channel.disconnect();
  }

  /**
   * Returns the channel of an event: an error may name only the question that it answers.
   *
   * @param {LiveEvent} event
   */
  find({ event, channel, id }) {
    const isAsker = (/** @type {Channel} */ one) => event === "error" && id !== null && one.askedId === id;
    return this.#byName.get(channel) ?? [...this].find(isAsker) ?? null;
  }
}

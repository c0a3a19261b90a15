// Bodies that can be sent: an example with ids and times of now, new ones for each try. What
// somebody has typed stays as it is.

import { makeActionId, makeGuestName } from "../laurel/guests.js";

// The names that must be new each time, and what makes them.
const MAKERS = {
  actionId: makeActionId,
  timestamp: () => new Date().toISOString(),
};
const REGISTRATION = { username: makeGuestName };

/** A body of one operation: `next()` is the text of a new one, made of what was typed. */
export class FreshBody {
  #makers;
  // What this page has made: typed values are not among them.
  #made = new Set();

  constructor(operationId, example) {
    this.#makers = operationId === "accounts.register" ? { ...MAKERS, ...REGISTRATION } : MAKERS;
    this.first = write(this.#renew(example, true));
  }

  /** Returns the text with new values where the old ones are ours; what is no JSON stays. */
  next(text) {
    try {
      return write(this.#renew(JSON.parse(text), false));
    } catch {
      return text;
    }
  }

  #renew(value, isExample) {
    if (Array.isArray(value)) return value.map((inner) => this.#renew(inner, isExample));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.#renewField(name, inner, isExample)]));
  }

  #renewField(name, value, isExample) {
    const make = this.#makers[name];
    if (!make || !(isExample || this.#made.has(value))) return this.#renew(value, isExample);
    const made = make();
    this.#made.add(made);
    return made;
  }
}

function write(value) {
  return JSON.stringify(value, null, 2);
}

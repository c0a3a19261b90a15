// What is asked of the API about one board, why it could not be read, and the server's clock.

import { laurel } from "./home/looking.js";

// The header `Date` has whole seconds: less is not known of how far the clocks are apart.
const SAME_CLOCK_MS = 2000;

let apartMs = 0;

function setClock(answeredAt) {
  const apart = answeredAt - Date.now();
  if (!Number.isNaN(apart)) apartMs = Math.abs(apart) < SAME_CLOCK_MS ? 0 : apart;
}

// The server's clock decides when a period ends, whatever this machine's says.
export function serverNow() {
  return Date.now() + apartMs;
}

export class Unreadable extends Error {
  constructor({ status, body, retryAfter }) {
    const { code, message, details } = body?.error ?? {};
    const words = {
      BOARD_NOT_FOUND: "This board is not there any more.",
      BOARD_BUILDING: `This board is being counted: ${Math.floor(100 * (details?.progress ?? 0))} %.`,
      RATE_LIMIT_EXCEEDED: "Too many requests: the board goes on in a moment.",
    };
    super(words[code] ?? `The board cannot be read now (${message ?? status}). Trying again…`);
    Object.assign(this, { status, retryAfter, isGone: code === "BOARD_NOT_FOUND" });
  }
}

export function describeError(error) {
  return error instanceof Unreadable ? error.message : "The server cannot be reached. Trying again…";
}

// Returns the answer, which may be that nothing changed; throws Unreadable for any other.
export async function ask(method, path, options) {
  const answer = await laurel.request(method, path, options);
  setClock(answer.answeredAt);
  if (answer.status !== 200 && answer.status !== 304) throw new Unreadable(answer);
  return answer;
}

export function boardPath(board) {
  return `/api/boards/${encodeURIComponent(board)}`;
}

export class BoardReads {
  #path;
  #etags = new Map();

  constructor(board) {
    this.#path = boardPath(board);
  }

  // Returns the answer about a part of the board; null when it is the same as the last time.
  async get(part, query) {
    const given = Object.entries(query).filter(([, value]) => value !== null);
    const path = `${this.#path}${part}?${new URLSearchParams(given)}`;
    const answer = await ask("GET", path, { etag: this.#etags.get(path) });
    if (answer.status === 304) return null;
    this.#etags.set(path, answer.etag);
    return answer.body;
  }

  // Every answer is whole the next time.
  forget() {
    this.#etags.clear();
  }

  async describe() {
    return (await ask("GET", this.#path)).body;
  }
}

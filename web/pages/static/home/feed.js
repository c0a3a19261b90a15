// What just happened on the board, the newest first. Few lines, and a screen reader hears only of a
// new first place, and not more often than every ten seconds.

import { formatAgo, formatChange, formatNumber } from "../format.js";

const MOST_LINES = 8;
const SPEAK_EVERY_MS = 10_000;
const REFRESH_MS = 5000;

function make(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

// Of who was not in sight before, it may not be known from where.
function nameMove(rank, previousRank) {
  if (previousRank === null) return "new at";
  return rank < previousRank ? "up to" : "down to";
}

export class Feed {
  #list;
  #empty;
  #spoken;
  #leader = null;
  #spokenAt = -Infinity;

  constructor({ list, empty, spoken }) {
    this.#list = list;
    this.#empty = empty;
    this.#spoken = spoken;
    setInterval(() => this.#age(), REFRESH_MS);
  }

  /** Another board is shown: what happened on it is not known. */
  clear() {
    this.#leader = null;
    this.#list.replaceChildren();
    this.#empty.hidden = false;
  }

  /** Writes who has gained or lost points, and the rank when it changed. */
  tell({ username, increase, rank, previousRank, at, isOwn = false, decimals = 0 }) {
    const line = document.createElement("li");
    line.classList.toggle("own", isOwn);
    const name = make("bdi", "who", username);
    // Of one who was not in sight before, it is not known by how much.
    const what = increase === null ? [] : [make("span", increase < 0 ? "points bad" : "points", formatChange(increase, decimals))];
    if (rank && rank !== previousRank) what.push(make("span", "to", `${nameMove(rank, previousRank)} ${formatNumber(rank)}`));
    const time = make("time", "quiet", formatAgo(at));
    time.dateTime = new Date(at).toISOString();
    line.append(name, " ", ...what.flatMap((part) => [part, " "]), time);
    this.#list.prepend(line);
    while (this.#list.children.length > MOST_LINES) this.#list.lastElementChild.remove();
    this.#empty.hidden = true;
  }

  /** Says who leads, when that is somebody else than before. */
  lead(row, decimals = 0, now = Date.now()) {
    if (!row || row.userId === this.#leader) return;
    const isFirst = this.#leader === null;
    this.#leader = row.userId;
    if (isFirst || now - this.#spokenAt < SPEAK_EVERY_MS) return;
    this.#spokenAt = now;
    this.#spoken.textContent = `${row.username} leads now with ${formatNumber(row.score, decimals)}`;
  }

  #age() {
    for (const time of this.#list.querySelectorAll("time")) time.textContent = formatAgo(time.dateTime);
  }
}

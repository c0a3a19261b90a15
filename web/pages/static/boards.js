// The boards' tabs: which there are, which is chosen, and the fragment of the address that keeps it.

import { BoardView } from "./board_view.js";
import { byId } from "./dom.js";
import { laurel } from "./home/looking.js";
import { Seen } from "./home/sparkline.js";
import { drawNote } from "./panel.js";
import { Tabs } from "./tabs.js";

const ALL_TIME = "global";
// Of the board that is always there this much is known before the API has answered.
const ALL_TIME_BOARD = { board: ALL_TIME, definition: { title: "All time", decimals: 0, period: { kind: "none" }, segment: null, tieBreakers: [], joinRequired: false } };
const LIST_EVERY_MS = 30000;
const RETRY_MS = 3000;
const KINDS = ["daily", "weekly", "monthly", "yearly", "season", "rolling", "none"];

// The fragment is the board, and its segment behind a slash.
function readPlace() {
  try {
    const [board, segment] = location.hash.slice(1).split("/").map(decodeURIComponent);
    return { board: board || ALL_TIME, segment: segment || null };
  } catch {
    return { board: ALL_TIME, segment: null }; // no percent-encoding
  }
}

function writePlace(board, segment) {
  const parts = segment ? [board, segment] : [board];
  const fragment = board === ALL_TIME ? location.pathname + location.search : `#${parts.map(encodeURIComponent).join("/")}`;
  history.replaceState(null, "", fragment);
}

// The shortest period first; of equal ones by title.
function compareBoards(one, other) {
  const [first, second] = [one, other].map(({ definition }) => KINDS.indexOf(definition.period.kind));
  return first - second || one.definition.title.localeCompare(other.definition.title);
}

export class Boards {
  #known = [];
  #view = null;
  #seen = new Map();
  #etag = null;
  #shown;
  #tabs = new Tabs(byId("tabs"), byId("panel"), (id) => this.#choose(id, null));

  /** `shown` is what all boards share: `rows`, `feed`, `past`, and `showOwn` for one's place of all time. */
  constructor(shown) {
    this.#shown = shown;
    addEventListener("hashchange", () => this.#open(readPlace()));
    document.addEventListener("visibilitychange", () => this.refresh());
    // What the channels do not tell any more is asked for at once.
    laurel.on("state", ({ state }) => state === "offline" && this.refresh());
    byId("segments").addEventListener("change", (event) => this.#choose(this.#tabs.chosen, event.target.value));
  }

  /** Shows all time with the rows that are there, and asks for the other boards from time to time. */
  start(standings) {
    this.#show(ALL_TIME_BOARD, null, standings);
    this.#tabs.choose(ALL_TIME);
    this.#list();
  }

  /** After an action of one's own, or when the page is looked at again. */
  refresh() {
    if (document.visibilityState === "visible") this.#view?.refresh();
  }

  /** Somebody else looks on from now on. */
  changeUser() {
    this.#etag = null;
    this.#view.changeUser();
    this.#ask().catch(() => {});
  }

  async #list() {
    let isKnown = false;
    try {
      if (document.visibilityState === "visible") isKnown = await this.#ask();
    } catch {
      // Not reachable: what is shown says so.
    }
    setTimeout(() => this.#list(), isKnown ? LIST_EVERY_MS : RETRY_MS);
  }

  // Returns whether there was an answer.
  async #ask() {
    const answer = await laurel.request("GET", "/api/boards", { etag: this.#etag });
    if (answer.status === 304) return true;
    if (answer.status !== 200) return false;
    this.#etag = answer.etag;
    this.#known = answer.body.boards.filter((board) => board.board !== ALL_TIME).sort(compareBoards);
    this.#showTabs();
    const now = this.#find(this.#tabs.chosen);
    const isChanged = now && JSON.stringify(now.definition) !== JSON.stringify(this.#view.definition);
    if (isChanged) this.#choose(now.board, null);
    else this.#open(readPlace());
    return true;
  }

  // The chosen one stays, to say that it is gone.
  #showTabs() {
    const { board } = this.#view;
    const chosen = this.#find(board.board) ? [] : [board];
    const labels = [...this.#known, ...chosen].map(({ board: id, definition }) => [id, definition.title || id]);
    this.#tabs.show([[ALL_TIME, ALL_TIME_BOARD.definition.title], ...labels]);
  }

  #find(id) {
    return id === ALL_TIME ? ALL_TIME_BOARD : this.#known.find((known) => known.board === id);
  }

  #open({ board, segment }) {
    const isShown = board === this.#tabs.chosen && segment === this.#view.segment;
    if (isShown) return;
    if (this.#find(board)) this.#choose(board, segment);
    else drawNote(`There is no board “${board}” here.`);
  }

  #choose(id, segment) {
    this.#show(this.#find(id) ?? this.#view.board, segment);
    this.#showTabs();
    this.#tabs.choose(id);
    writePlace(id, segment);
  }

  #show(board, segment, standings = null) {
    this.#view?.stop();
    const place = `${board.board}/${segment ?? ""}`;
    if (!this.#seen.has(place)) this.#seen.set(place, new Seen());
    const shown = { ...this.#shown, seen: this.#seen.get(place) };
    this.#view = new BoardView(board, segment, shown, (picked) => writePlace(board.board, picked));
    this.#view.start(standings);
  }
}

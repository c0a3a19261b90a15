// The boards' tabs: which there are, which is chosen, and the fragment of the address that keeps it.

import { BoardView } from "./board_view.js";
import { clearPanel, drawNote, drawRows } from "./panel.js";
import { callAsPlayer, session } from "./player.js";
import { Tabs } from "./tabs.js";

const ALL_TIME = "global";
const LIST_EVERY_MS = 30000;
const RETRY_MS = 3000;
const KINDS = ["daily", "weekly", "monthly", "yearly", "season", "rolling", "none"];

const byId = (id) => document.getElementById(id);

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

class Boards {
  #known = [];
  #view = null;
  #allTime = null;
  #isStarted = false;
  #etag = null;
  #tabs = new Tabs(byId("tabs"), byId("panel"), (id) => this.#choose(id, null));

  constructor() {
    this.#tabs.show([[ALL_TIME, "All time"]]);
    this.#tabs.choose(ALL_TIME);
    addEventListener("hashchange", () => this.#open(readPlace()));
    document.addEventListener("visibilitychange", () => this.refresh());
    byId("segments").addEventListener("change", (event) => this.#choose(this.#tabs.chosen, event.target.value));
  }

  // Asks for the boards, once the player is logged in, and again from time to time.
  start() {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#list();
  }

  // After an action of one's own, or when the page is looked at again.
  refresh() {
    if (document.visibilityState === "visible") this.#view?.refresh();
  }

  drawAllTime(standings, moved) {
    this.#allTime = standings;
    if (!this.#view) drawRows(standings, [], { ownId: session.userId, moved, format: (score) => score.toLocaleString() });
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
    const answer = await callAsPlayer("GET", "/api/boards", { etag: this.#etag });
    if (answer.status === 304) return true;
    if (answer.status !== 200) return false;
    this.#etag = answer.etag;
    this.#known = answer.body.boards.filter((board) => board.board !== ALL_TIME).sort(compareBoards);
    this.#showTabs();
    const now = this.#find(this.#tabs.chosen);
    const isChanged = this.#view && now && JSON.stringify(now.definition) !== JSON.stringify(this.#view.definition);
    if (isChanged) this.#choose(now.board, null);
    if (!this.#view) this.#open(readPlace());
    return true;
  }

  // The chosen one stays, to say that it is gone.
  #showTabs() {
    const chosen = this.#view && !this.#find(this.#view.board.board) ? [this.#view.board] : [];
    const labels = [...this.#known, ...chosen].map(({ board, definition }) => [board, definition.title || board]);
    this.#tabs.show([[ALL_TIME, "All time"], ...labels]);
  }

  #find(id) {
    return this.#known.find((known) => known.board === id);
  }

  #open({ board, segment }) {
    const isShown = board === this.#tabs.chosen && segment === (this.#view?.segment ?? null);
    if (isShown) return;
    if (board === ALL_TIME || this.#find(board)) this.#choose(board, segment);
    else if (!this.#view) drawNote(`There is no board “${board}” here.`);
  }

  #choose(id, segment) {
    this.#view?.stop();
    const board = this.#find(id);
    this.#view = board ? new BoardView(board, segment, (picked) => writePlace(id, picked)) : null;
    this.#showTabs();
    this.#tabs.choose(id);
    writePlace(id, segment);
    if (this.#view) return this.#view.start();
    clearPanel();
    if (this.#allTime) this.drawAllTime(this.#allTime, new Set());
  }
}

export const boards = new Boards();

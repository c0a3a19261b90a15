// The rows of the board: one element for each player, kept while the player is shown, so that it can
// glide, keep its arrow for a while, and show by how much the score has grown.

import { setText } from "../dom.js";
import { formatChange, formatNumber } from "../format.js";
import { glide } from "./gliding.js";
import { drawSparkline, Seen } from "./sparkline.js";

const MEDALS = 3;
const ARROW_MS = 8000;
const GAIN_MS = 1600;
const FLASH_MS = 1200;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

// A name keeps its direction, and the table its own.
function makeName(userId) {
  const link = make("a", "", document.createElement("bdi"));
  link.href = `/players/${userId}`;
  return link;
}

function makeLine(userId) {
  const line = document.createElement("tr");
  line.dataset.user = userId;
  const rank = make("td", "rank", make("span", "place"), make("span", "shift"));
  const gain = make("span", "gain");
  gain.setAttribute("aria-hidden", "true");
  line.append(rank, make("td", "player", makeName(userId)), make("td", "spark"), make("td", "score", gain, make("span", "points")));
  return line;
}

function makeGap(columns) {
  const line = make("tr", "gap");
  line.setAttribute("aria-hidden", "true");
  const cell = make("td", "", "⋯");
  cell.colSpan = 4 + columns.length;
  line.append(cell);
  return line;
}

function describeShift(rank, before) {
  if (before === null) return { name: "new", sign: "new", words: " in the top 10" };
  const [name, sign] = before > rank ? ["up", "▲"] : ["down", "▼"];
  return { name, sign, words: `${name} ${formatNumber(Math.abs(before - rank))}` };
}

export class Rows {
  #table;
  #seen = new Seen();
  #lines = new Map();
  #ranks = new Map();
  // Whether the first rows were drawn: who is not among them then comes into view.
  #isKnown = false;
  #timers = new WeakMap();

  /** Takes over the rows that the server has drawn. */
  constructor(table) {
    this.#table = table;
    for (const line of table.tBodies[0].rows) this.#lines.set(line.dataset.user, line);
  }

  /**
   * Forgets who was where: another board or period is shown, and nobody has moved. `seen` remembers
   * its scores for the small lines.
   */
  turnTo(seen) {
    this.#seen = seen;
    this.#ranks.clear();
    this.#isKnown = false;
    for (const line of this.#lines.values()) line.removeAttribute("data-score");
  }

  /**
   * Draws the first rows and, behind a gap, those around one's own that are not among them.
   * `format` writes scores; `columns` are the names of further numbers of each row; `moved` knows
   * by user id where some were before that were not in view, `{from}`, null where nobody knows.
   */
  draw(rows, around, { ownId, format = formatNumber, columns = [], moved = new Map() }) {
    const shown = new Set(rows.map((row) => row.userId));
    const rest = around.filter((row) => !shown.has(row.userId));
    const before = new Map(this.#ranks);
    const isNew = ({ userId }) => this.#isKnown && !before.has(userId);
    const came = rows.filter(isNew).map(({ userId }) => [userId, moved.get(userId)?.from ?? null]);
    const known = new Map([...before, ...came]);
    this.#ranks = new Map([...rows, ...rest].map((row) => [row.userId, row.rank]));
    this.#isKnown = true;
    glide(this.#table.tBodies[0], () => {
      const lines = [...rows, ...rest].map((row) => this.#show(row, known.get(row.userId), { ownId, format, columns }));
      if (rest.length > 0 && rest[0].rank > rows.length + 1) lines.splice(rows.length, 0, makeGap(columns));
      this.#place(lines);
    });
    this.#head(columns);
  }

  /** Shows nobody: who is on the board is not known. */
  clear(how) {
    this.draw([], [], how);
    this.#isKnown = false;
  }

  /** Draws a small line again: more is known of the past. */
  redrawLine(userId, seen) {
    const line = this.#lines.get(userId);
    if (line && seen === this.#seen) drawSparkline(line.cells[2], seen.scores(userId));
  }

  // Only what is elsewhere is moved: a row keeps its animations and its selected text.
  #place(lines) {
    const body = this.#table.tBodies[0];
    const kept = new Set(lines);
    for (const line of [...body.rows]) {
      if (kept.has(line)) continue;
      line.remove();
      this.#lines.delete(line.dataset.user);
    }
    lines.forEach((line, place) => {
      if (body.rows[place] !== line) body.insertBefore(line, body.rows[place] ?? null);
    });
  }

  #show(row, rankBefore, { ownId, format, columns }) {
    let line = this.#lines.get(row.userId);
    if (!line) {
      line = makeLine(row.userId);
      this.#lines.set(row.userId, line);
    }
    line.classList.toggle("own", row.userId === ownId);
    this.#showRank(line, row.rank, rankBefore);
    setText(line.cells[1].querySelector("bdi"), row.username);
    this.#seen.add(row.userId, row.score);
    this.#showScore(line, row.score, format);
    drawSparkline(line.cells[2], this.#seen.scores(row.userId));
    while (line.cells.length > 4) line.lastElementChild.remove();
    line.append(...columns.map((_, index) => make("td", "score more", formatNumber(row.columns?.[index]))));
    return line;
  }

  // `before` is undefined for whom nothing is to be said, null for who is new here.
  #showRank(line, rank, before) {
    const [place, shift] = line.cells[0].children;
    setText(place, formatNumber(rank));
    place.className = rank <= MEDALS ? `place medal-${rank}` : "place";
    if (before === undefined || before === rank) return;
    const { name, sign, words } = describeShift(rank, before);
    shift.className = `shift ${name}`;
    shift.replaceChildren(sign, make("span", "hidden", words));
    this.#later(shift, ARROW_MS, () => {
      shift.className = "shift";
      shift.replaceChildren();
    });
  }

  #showScore(line, score, format) {
    const [gain, points] = line.cells[3].children;
    const before = line.dataset.score === undefined ? null : Number(line.dataset.score);
    line.dataset.score = score;
    setText(points, format(score));
    if (before === null || before === score) return;
    setText(gain, formatChange(score - before, (format(0).split(".")[1] ?? "").length));
    gain.classList.add("shown");
    this.#later(gain, GAIN_MS, () => gain.classList.remove("shown"));
    if (!calm.matches) for (const cell of line.cells) cell.animate([{ backgroundColor: "var(--flash)" }, {}], { duration: FLASH_MS, easing: "ease-out" });
  }

  #later(element, ms, work) {
    clearTimeout(this.#timers.get(element));
    this.#timers.set(element, setTimeout(work, ms));
  }

  #head(columns) {
    const heads = this.#table.tHead;
    const now = [...heads.querySelectorAll(".more")].map((head) => head.textContent);
    if (now.join("\n") === columns.join("\n")) return;
    for (const head of heads.querySelectorAll(".more")) head.remove();
    heads.rows[0].append(...columns.map((name) => Object.assign(make("th", "score more", name), { scope: "col" })));
  }
}

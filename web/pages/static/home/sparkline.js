// The small line beside a score: its last changes, one step to the right for each, the latest last.

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, EDGE] = [72, 22, 3];
const MOST_POINTS = 24;
const MOST_PLAYERS = 200;

/** The last scores of players on one board: those that this page has seen, and those before. */
export class Seen {
  #byPlayer = new Map();
  #pastOf = new Set();
  #hasPast;

  /** `hasPast`: whether the scores that actions led to are those of this board. */
  constructor(hasPast = false) {
    this.#hasPast = hasPast;
  }

  /** Remembers the score of now. */
  add(userId, score) {
    const scores = this.#byPlayer.get(userId) ?? [];
    // Who was seen last is forgotten last.
    this.#byPlayer.delete(userId);
    this.#byPlayer.set(userId, scores);
    if (scores.at(-1) !== score) scores.push(score);
    if (scores.length > MOST_POINTS) scores.shift();
    if (this.#byPlayer.size <= MOST_PLAYERS) return;
    const [forgotten] = this.#byPlayer.keys();
    this.#byPlayer.delete(forgotten);
    this.#pastOf.delete(forgotten);
  }

  /** Whether the scores before the first one seen were never asked for; says so once. */
  wantsPast(userId) {
    if (!this.#hasPast || this.#pastOf.has(userId)) return false;
    this.#pastOf.add(userId);
    return true;
  }

  /** Puts the scores of before, the first first, in front of those seen. */
  addPast(userId, past) {
    const seen = this.#byPlayer.get(userId);
    if (!seen) return;
    // The last ones of the past may have been seen already.
    const end = past.indexOf(seen[0]);
    const before = end < 0 ? past : past.slice(0, end);
    this.#byPlayer.set(userId, [...before, ...seen].slice(-MOST_POINTS));
  }

  scores(userId) {
    return this.#byPlayer.get(userId) ?? [];
  }
}

function writePoints(scores) {
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const x = (index) => EDGE + ((WIDTH - 2 * EDGE) * index) / Math.max(1, scores.length - 1);
  const y = (score) => HEIGHT - EDGE - (high === low ? 0 : ((HEIGHT - 2 * EDGE) * (score - low)) / (high - low));
  return scores.map((score, index) => [x(index).toFixed(1), y(score).toFixed(1)]);
}

function make(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** Draws the line into the cell; nothing while there is only one score. */
export function drawSparkline(cell, scores) {
  if (scores.length < 2) return cell.replaceChildren();
  const points = writePoints(scores);
  const text = points.map((point) => point.join(",")).join(" ");
  let svg = cell.firstElementChild;
  if (svg?.firstElementChild.getAttribute("points") === text) return undefined;
  if (!svg) {
    svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true", class: "sparkline" });
    svg.append(make("polyline", {}), make("circle", { r: "2" }));
    cell.replaceChildren(svg);
  }
  svg.firstElementChild.setAttribute("points", text);
  const [across, up] = points.at(-1);
  svg.lastElementChild.setAttribute("cx", across);
  svg.lastElementChild.setAttribute("cy", up);
  return undefined;
}

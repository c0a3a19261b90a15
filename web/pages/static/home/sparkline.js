// The small line beside a score: its last changes, one step to the right for each, the latest last.

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, EDGE] = [72, 22, 3];
const MOST_POINTS = 24;
const MOST_PLAYERS = 200;

/** The last scores of players on one board: those that this page has seen, and those before. */
export class Seen {
  #byPlayer = new Map();
  #pastOf = new Set();
  #period = null;

  /** The scores are of this period from now on; those of another one are forgotten. */
  turnTo(period) {
    if (!this.isOf(period)) {
      this.#byPlayer.clear();
      this.#pastOf.clear();
    }
    this.#period = period;
  }

  /** Whether this may be the period of the scores. */
  isOf(period) {
    return this.#period === null || this.#period === period;
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
    if (this.#pastOf.has(userId)) return false;
    this.#pastOf.add(userId);
    return true;
  }

  /** Puts the scores of before, the first first, in front of those seen. */
  addPast(userId, past) {
    const seen = this.#byPlayer.get(userId);
    if (seen) this.#byPlayer.set(userId, [...past.slice(0, findSeen(past, seen)), ...seen].slice(-MOST_POINTS));
  }

  scores(userId) {
    return this.#byPlayer.get(userId) ?? [];
  }
}

// From where on the past was seen already: its end is how what was seen begins.
function findSeen(past, seen) {
  const isSeen = (from) => past.slice(from).every((score, index) => score === seen[index]);
  const from = past.findIndex((_, index) => isSeen(index));
  if (from >= 0) return from;
  // It may know more than was seen.
  const first = past.lastIndexOf(seen[0]);
  return first < 0 ? past.length : first;
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

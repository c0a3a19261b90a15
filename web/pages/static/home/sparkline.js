// The small line beside a score: what this page has seen of it, at most three minutes back. The line
// begins where the page began to look.

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, EDGE] = [72, 22, 3];
const SPAN_MS = 180_000;
const SHORTEST_SPAN_MS = 20_000;
const MOST_POINTS = 40;
const MOST_PLAYERS = 200;

/** The scores of players as they were seen, of each the latest; also of those who left the view. */
export class Seen {
  #byPlayer = new Map();

  /** Remembers a score at a moment in milliseconds. */
  add(userId, score, at = Date.now()) {
    const points = this.#byPlayer.get(userId) ?? [];
    // Who was seen last is forgotten last.
    this.#byPlayer.delete(userId);
    this.#byPlayer.set(userId, points);
    if (points.at(-1)?.score !== score) points.push({ at, score });
    if (points.length > MOST_POINTS) points.shift();
    // One that is older says from which score the line begins.
    while (points.length > 1 && points[1].at < at - SPAN_MS) points.shift();
    if (this.#byPlayer.size > MOST_PLAYERS) this.#byPlayer.delete(this.#byPlayer.keys().next().value);
  }

  points(userId) {
    return this.#byPlayer.get(userId) ?? [];
  }
}

// A score stays until it changes: the line has steps.
function writePath(points, now) {
  const spanMs = Math.min(SPAN_MS, Math.max(SHORTEST_SPAN_MS, now - points[0].at));
  const from = now - spanMs;
  const [low, high] = [points[0].score, points.at(-1).score].sort((one, other) => one - other);
  const x = (at) => EDGE + (WIDTH - 2 * EDGE) * Math.min(1, Math.max(0, (at - from) / spanMs));
  const y = (score) => (high === low ? HEIGHT - EDGE : HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * Math.min(1, Math.max(0, (score - low) / (high - low))));
  const [first, ...rest] = points.map(({ at, score }) => [x(at).toFixed(1), y(score).toFixed(1)]);
  const steps = rest.map(([across, up]) => `H${across}V${up}`).join("");
  return { path: `M${first[0]} ${first[1]}${steps}H${WIDTH - EDGE}`, end: y(points.at(-1).score) };
}

function make(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** Draws the line into the cell; nothing while only one moment was seen. */
export function drawSparkline(cell, points, now = Date.now()) {
  if (points.length === 0) return cell.replaceChildren();
  const { path, end } = writePath(points, now);
  let svg = cell.firstElementChild;
  if (!svg) {
    svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true", class: "sparkline" });
    svg.append(make("path", {}), make("circle", { r: "1.8", cx: WIDTH - EDGE }));
    cell.replaceChildren(svg);
  }
  svg.classList.toggle("flat", points.length === 1);
  svg.firstElementChild.setAttribute("d", path);
  svg.lastElementChild.setAttribute("cy", end);
  return undefined;
}

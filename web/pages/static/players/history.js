// The score over time: a plot, the same in words, and as a table.

import { byId } from "../dom.js";
import { formatCount, formatMoment, formatNumber, formatShort } from "../format.js";
import { Plot } from "../plot.js";

// A moment is no axis.
const LEAST_SECONDS = 60;

const seconds = (moment) => Date.parse(moment) / 1000;

export class History {
  #plot = null;

  /**
   * @param {{points: {at: string, score: number}[], isWhole: boolean, score: number}} history
   */
  show({ points, isWhole, score }) {
    byId("plot").hidden = byId("points").hidden = !points.length;
    byId("history-words").textContent = points.length ? describe(points, isWhole) : "No action has counted yet.";
    if (!points.length) return;
    this.#draw(points, score);
    listPoints(points);
  }

  // Up to now: the score stays until the next action.
  #draw(points, score) {
    const now = Math.max(Date.now() / 1000, seconds(points.at(-1).at));
    const times = [...points.map(({ at }) => seconds(at)), now];
    const scores = [...points.map((point) => point.score), score];
    this.#plot ??= new Plot(byId("plot"), { names: ["score"], format: formatShort, height: 220, stepped: true, isWhole: true });
    const span = [Math.min(times[0], now - LEAST_SECONDS), now];
    this.#plot.show(times, [scores], `Score over time. ${describe(points, true)} Now ${formatNumber(score)}.`, span);
  }
}

function describe(points, isWhole) {
  const [first, last] = [points[0], points.at(-1)];
  const which = isWhole ? "" : ` ${formatCount(points.length, "action")} spread over the time are shown.`;
  if (points.length === 1) return `${formatNumber(first.score)} on ${formatMoment(first.at)}.`;
  return `From ${formatNumber(first.score)} on ${formatMoment(first.at)} to ${formatNumber(last.score)} on ${formatMoment(last.at)}.${which}`;
}

function listPoints(points) {
  byId("point-rows").replaceChildren(...[...points].reverse().map(({ at, score }) => {
    const row = document.createElement("tr");
    row.insertCell().textContent = formatMoment(at);
    row.insertCell().textContent = formatNumber(score);
    row.cells[1].className = "number";
    return row;
  }));
}

// Draws what became of one's own actions: the last answer, which replaces the one before, and a
// short list of the last actions.

import { byId } from "../dom.js";
import { formatAgo, formatChange } from "../format.js";
import { LABELS } from "./outcomes.js";

const REFRESH_MS = 5000;

function drawChip(chip, state) {
  chip.dataset.state = state;
  chip.textContent = LABELS[state];
}

function drawAnswer({ outcome, status, body }) {
  byId("answer-block").hidden = !outcome;
  if (!outcome) return;
  drawChip(byId("answer-chip"), outcome.state);
  byId("answer-line").textContent = outcome.line;
  byId("answer-sentence").textContent = outcome.sentence;
  byId("answer-details").hidden = body === null;
  byId("answer").textContent = body === null ? "" : `${status}\n${JSON.stringify(body, null, 2)}`;
}

function makeLine({ action, outcome, at }) {
  const line = document.createElement("li");
  const chip = Object.assign(document.createElement("span"), { className: "chip" });
  drawChip(chip, outcome.state);
  const points = Object.assign(document.createElement("span"), { className: "points", textContent: formatChange(action.score) });
  const time = Object.assign(document.createElement("time"), { dateTime: new Date(at).toISOString(), textContent: formatAgo(at) });
  line.append(points, chip, time);
  return line;
}

/** Draws what `Actions` tells. */
export function drawActions(told) {
  if ("outcome" in told) drawAnswer(told);
  byId("own-actions").replaceChildren(...told.kept.map(makeLine));
  byId("again").setAttribute("aria-disabled", String(told.kept.length === 0));
}

setInterval(() => {
  for (const time of byId("own-actions").querySelectorAll("time")) time.textContent = formatAgo(time.dateTime);
}, REFRESH_MS);

// The table of health: each part of the system with what is wrong, in words.

import { formatSeconds } from "../format.js";
import { LEVELS, setText } from "./card_view.js";

const TITLES = {
  database: "PostgreSQL",
  redis: "Redis",
  websocket: "Live process",
  authentication: "Tokens",
  workers: "Workers",
  keeper: "Keeper",
  checkpoints: "Audit checkpoints",
  queueAge: "Age of the queue",
  threads: "Threads of the API",
  geolocation: "Places of addresses",
  fraudPolicy: "Policy of fraud detection",
};

function levelOf(part) {
  if (!part.ok) return "act";
  return part.warning ? "look" : "well";
}

export class HealthTable {
  #body;

  constructor(body) {
    this.#body = body;
  }

  /** Shows the parts; returns the title and level of each. */
  show(parts) {
    const shown = Object.entries(parts).map(([name, part]) => ({ name, title: TITLES[name] ?? name, part, level: levelOf(part) }));
    shown.forEach(({ title, part, level }, n) => {
      const row = this.#body.rows[n] ?? makeRow(this.#body);
      row.dataset.level = level;
      const words = part.error ?? part.warning ?? "";
      const texts = [title, `${LEVELS[level].sign} ${LEVELS[level].word}`, words, formatSeconds(part.ms / 1000)];
      texts.forEach((text, cell) => setText(row.cells[cell], text));
    });
    while (this.#body.rows.length > shown.length) this.#body.rows[shown.length].remove();
    return shown;
  }
}

function makeRow(body) {
  const row = body.insertRow();
  const head = row.appendChild(document.createElement("th"));
  head.scope = "row";
  for (let n = 0; n < 3; n += 1) row.insertCell();
  return row;
}

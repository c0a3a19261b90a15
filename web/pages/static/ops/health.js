// The table of health: each part of the system with what is wrong, in words.

import { setText } from "../dom.js";
import { formatSeconds } from "../format.js";
import { LEVELS } from "./card_view.js";

// By part: its name for people, and what to do when it is not well.
const PARTS = {
  database: ["PostgreSQL", "Actions get 503 and are to be repeated; all goes on by itself when it is back. See postgres.log: a full disk is the usual cause."],
  redis: ["Redis", "Actions get 202 and are scored, reads come from SQL, nothing is lost. The board is rebuilt in seconds when it is back. See valkey.log."],
  websocket: ["Live process", "Listeners hear nothing; they come back by themselves. See live.log."],
  authentication: ["Tokens", "A token that was revoked lately might still be accepted. Is PostgreSQL slow, or JWT_JWKS away?"],
  workers: ["Workers", "Actions get 202 after the wait, and the keeper does the work. See worker.*.log."],
  keeper: ["Keeper", "Normal traffic goes on; stalled batches stay stalled. See keeper.log."],
  checkpoints: ["Audit checkpoints", "Actions go on. The words above are in keeper.log with their reason; see docs/audit.md."],
  queueAge: ["Age of the queue", "More comes in than the workers do, or a lock holds some back: see the stages above; add workers if their CPU is full."],
  threads: ["Threads of the API", "The process should be replaced if it does not mend itself: the log names what failed."],
  geolocation: ["Places of addresses", "Places are unknown, all else goes on. Put GEOIP_DB right and restart the API."],
  fraudPolicy: ["Policy of fraud detection", "The last policy that could be read judges on. Update the program, or make another policy live."],
};

function levelOf(part) {
  if (!part.ok) return "act";
  return part.warning ? "look" : "well";
}

function describe(part) {
  const words = part.error ?? part.warning ?? "";
  return part.error && part.silentSeconds ? `${words}, for ${formatSeconds(part.silentSeconds)}` : words;
}

export class HealthTable {
  #body;

  constructor(body) {
    this.#body = body;
  }

  /** Shows the parts; returns the title, level and words of each. */
  show(parts) {
    const shown = Object.entries(parts).map(([name, part]) => {
      const [title, advice] = PARTS[name] ?? [name, ""];
      return { name: "health", title, part, level: levelOf(part), words: describe(part), advice };
    });
    shown.forEach((entry, n) => fill(this.#body.rows[n] ?? makeRow(this.#body), entry));
    while (this.#body.rows.length > shown.length) this.#body.rows[shown.length].remove();
    return shown;
  }
}

function fill(row, { title, part, level, words, advice }) {
  row.dataset.level = level;
  const [head, state, took] = row.cells;
  const texts = [title, words, level === "well" ? "" : advice];
  texts.forEach((text, n) => setText(head.children[n], text));
  setText(state, `${LEVELS[level].sign} ${LEVELS[level].word}`);
  setText(took, formatSeconds(part.ms / 1000));
}

function makeRow(body) {
  const row = body.insertRow();
  const head = row.appendChild(document.createElement("th"));
  head.scope = "row";
  for (const kind of ["b", "span", "small"]) head.append(document.createElement(kind), " ");
  row.insertCell();
  row.insertCell();
  return row;
}

// A card on the page: its number, its level in words, its lines, and what to do when it is bad.

import { setText } from "../dom.js";
import { Plot } from "../plot.js";
import { KEPT_SECONDS } from "./samples.js";

export const LEVELS = {
  well: { sign: "✓", word: "Well" },
  look: { sign: "▲", word: "Look" },
  act: { sign: "✖", word: "Act" },
  none: { sign: "·", word: "Nothing yet" },
};
// A page that was just opened has little to draw; it fills the picture from the right.
const LEAST_SECONDS = 60;
const DASH_NAMES = ["solid", "dashed", "dotted"];

export class CardView {
  #card;
  #parts;
  #plot = null;
  #times = [];
  #lines;
  #level = "none";

  constructor(card, template) {
    this.#card = card;
    this.#lines = card.lines.map(() => []);
    this.element = template.content.firstElementChild.cloneNode(true);
    const part = (name) => this.element.querySelector(`[data-part="${name}"]`);
    this.#parts = Object.fromEntries(["title", "level", "sign", "word", "value", "plot", "lines", "detail", "says", "bad"].map((name) => [name, part(name)]));
    this.element.id = card.id;
    this.#parts.title.textContent = card.title;
    this.#parts.says.textContent = card.says;
    this.#parts.bad.textContent = card.bad;
    this.#parts.lines.textContent = card.lines.length > 1 ? card.lines.map((line, n) => `${line.name} (${DASH_NAMES[n]})`).join(", ") : "";
    this.#parts.lines.hidden = card.lines.length < 2;
  }

  get title() {
    return this.#card.title;
  }

  get level() {
    return this.#level;
  }

  /** Shows the readings of a moment, in seconds; with a gap before it if it follows on nothing. */
  show(readings, at, isAfterHole) {
    this.#level = this.#card.level(readings);
    const { sign, word } = LEVELS[this.#level];
    this.element.dataset.level = this.#level;
    setText(this.#parts.sign, sign);
    setText(this.#parts.word, word);
    setText(this.#parts.value, this.#card.value(readings));
    this.#showDetail(this.#card.detail(readings));
    this.remember(readings, at, isAfterHole);
    this.#draw(at);
  }

  /** Keeps the readings for the lines, without showing them. */
  remember(readings, at, isAfterHole) {
    if (isAfterHole) this.#keep(at - 0.001, this.#card.lines.map(() => null));
    this.#keep(at, this.#card.lines.map((line) => line.of(readings)));
  }

  forget() {
    this.#times = [];
    this.#lines = this.#card.lines.map(() => []);
  }

  #keep(at, values) {
    this.#times.push(at);
    values.forEach((value, n) => this.#lines[n].push(value));
    while (this.#times[0] < at - KEPT_SECONDS) {
      this.#times.shift();
      this.#lines.forEach((line) => line.shift());
    }
  }

  #draw(at) {
    const { lines, format, range, isWhole, title } = this.#card;
    this.#plot ??= new Plot(this.#parts.plot, { names: lines.map((line) => line.name), format, range, isWhole });
    this.#plot.show(this.#times, this.#lines, this.#describe(title, format), [Math.min(this.#times[0], at - LEAST_SECONDS), at]);
  }

  #describe(title, format) {
    const said = this.#lines.map((line, n) => {
      const known = line.filter((value) => value !== null);
      if (!known.length) return `${this.#card.lines[n].name}: nothing yet`;
      return `${this.#card.lines[n].name}: now ${format(line.at(-1))}, at most ${format(Math.max(...known))}`;
    });
    return `${title} over the last minutes. ${said.join("; ")}.`;
  }

  #showDetail(pairs) {
    const rows = [...this.#parts.detail.children];
    pairs.forEach(([name, value], n) => {
      const row = rows[n] ?? this.#parts.detail.appendChild(makeRow());
      setText(row.firstElementChild, name);
      setText(row.lastElementChild, value);
    });
    rows.slice(pairs.length).forEach((row) => row.remove());
  }
}

function makeRow() {
  const row = document.createElement("div");
  row.append(document.createElement("dt"), document.createElement("dd"));
  return row;
}

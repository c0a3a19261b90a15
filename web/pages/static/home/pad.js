// The button of the reaction round: what it says in each phase, and when it was pressed.

import { byId } from "../dom.js";
import { formatCount, formatNumber } from "../format.js";
import { Rounds } from "./rounds.js";

const WORDS = {
  wait: () => "Wait for it…",
  go: () => "Now!",
  hit: ({ reactions }) => `${formatNumber(reactions.at(-1))} ms`,
  done: ({ points }) => `${formatCount(points, "point")} · again?`,
  early: () => "Too early. Again?",
  missed: () => "Missed. Again?",
};
// A screen reader need not hear of each wait.
const SPOKEN = new Set(["go", "done", "early", "missed"]);

function draw(round) {
  const pad = byId("pad");
  const words = WORDS[round.phase](round);
  pad.dataset.phase = round.phase;
  byId("pad-text").textContent = words;
  if (SPOKEN.has(round.phase)) byId("pad-spoken").textContent = words;
  [...pad.querySelectorAll(".lights i")].forEach((light, index) => {
    light.className = index < round.light ? "hit" : round.phase === "go" && index === round.light ? "lit" : "";
  });
}

/** Calls `play` with each round that was finished. */
export function startPad(play) {
  const pad = byId("pad");
  const rounds = new Rounds((round) => {
    draw(round);
    if (round.phase === "done") play(round);
  });
  // A click comes when the finger leaves: too late to measure. It counts where nothing came before
  // it, as from a screen reader.
  let pressedAt = -Infinity;
  const press = (event) => {
    pressedAt = event.timeStamp;
    rounds.press(event.timeStamp);
  };
  pad.addEventListener("pointerdown", (event) => event.button === 0 && press(event));
  pad.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === " ") && !event.repeat) press(event);
  });
  pad.addEventListener("click", (event) => {
    if (event.timeStamp - pressedAt > 1000) press(event);
  });
}

// The list of the player's actions, those that are held and the last ones: chosen, opened, and each
// with what became of the decision on it.

import { byId, clone, fill, keepInStep, say, slot } from "./ui/dom.js";
import { explain, nameStatus } from "./ui/sentences.js";
import { showTrace } from "./trace.js";
import { formatAgo, formatChange, formatCount, formatMoment } from "/assets/format.js";

// Everything of this player that was seen since the page shows them, by id: what was decided on is
// in neither of the API's lists later, and must not vanish under somebody's hands.
let known = new Map();
// Those that were held when they were seen first.
let wereHeld = new Set();
let tellChoice = () => {};

/** `onChoice` is called whenever other actions are chosen, or have another status. */
export function startActions(onChoice) {
  tellChoice = onChoice;
  byId("which").addEventListener("change", draw);
  byId("choose-held").addEventListener("change", chooseHeld);
  byId("actions").addEventListener("change", tellChoice);
  byId("actions").addEventListener("click", (event) => {
    const button = event.target.closest("[data-trace]");
    if (button) toggleTrace(button.closest("li"));
  });
}

export function drawActions({ player, case: found }, isNew) {
  const held = (found?.held ?? []).map((action) => ({ ...action, status: "quarantined" }));
  if (isNew) {
    known = new Map();
    wereHeld = new Set();
    byId("actions").replaceChildren();
    byId("which").value = held.length ? "held" : "all";
  }
  for (const action of [...held, ...player.actions]) known.set(action.actionId, { ...known.get(action.actionId), ...action });
  for (const action of held) wereHeld.add(action.actionId);
  draw();
}

function listShown() {
  const all = [...known.values()].sort((one, other) => other.acceptedAt.localeCompare(one.acceptedAt));
  return byId("which").value === "held" ? all.filter((action) => wereHeld.has(action.actionId)) : all;
}

function draw() {
  const shown = listShown();
  keepInStep(byId("actions"), shown, { key: (action) => action.actionId, make: makeRow, update: drawRow });
  const held = shown.filter((action) => action.status === "quarantined").length;
  say(byId("actions-none"), shown.length ? null : "No action here.");
  byId("choose-held-line").hidden = held === 0;
  say(byId("choose-held-words"), `Choose ${formatCount(held, "held action")}`);
  tellChoice();
}

function makeRow(action) {
  const row = clone("action-row");
  row.querySelector(".trace").id = `trace-${action.actionId}`;
  row.querySelector("[data-trace]").setAttribute("aria-controls", `trace-${action.actionId}`);
  return row;
}

function drawRow(row, action) {
  const status = nameStatus(action.status);
  const change = formatChange(action.score);
  fill(row, {
    score: change,
    status,
    reason: action.status === "applied" ? null : action.reason,
    found: describeFound(action.checks),
    ago: formatAgo(action.acceptedAt),
  });
  slot(row, "status").dataset.status = action.status;
  slot(row, "ago").title = formatMoment(action.acceptedAt);
  row.querySelector("input").setAttribute("aria-label", `${change}, ${status}, ${formatMoment(action.acceptedAt)}`);
  row.querySelector("[data-trace]").setAttribute("aria-label", `Trace of ${change}, ${status}`);
}

function describeFound(checks) {
  const names = Object.entries(checks ?? {}).filter(([, found]) => found?.points > 0).map(([name]) => name);
  return names.join(", ") || null;
}

function chooseHeld(event) {
  for (const row of byId("actions").children) {
    if (known.get(row.dataset.key).status === "quarantined") row.querySelector("input").checked = event.target.checked;
  }
  tellChoice();
}

/** The actions that are chosen and shown. */
export function listChosen() {
  const rows = [...byId("actions").children].filter((row) => row.querySelector("input").checked);
  return rows.map((row) => known.get(row.dataset.key));
}

/** Chooses the action that has the focus when none is chosen; for those who use single keys. */
export function chooseFocused() {
  const row = rowOfFocus();
  if (!row || listChosen().length) return;
  row.querySelector("input").checked = true;
  tellChoice();
}

/** Says at its row what became of a decision on an action. */
export function showOutcome(actionId, { status, error }, words) {
  // Somebody may look at another player meanwhile.
  if (!known.has(actionId)) return;
  if (status) known.set(actionId, { ...known.get(actionId), status });
  const row = findRow(actionId);
  if (!row) return;
  drawRow(row, known.get(actionId));
  say(slot(row, "outcome"), error ? explain(error) : words);
  slot(row, "outcome").classList.toggle("bad", Boolean(error));
  if (!error) row.querySelector("input").checked = false;
  byId("choose-held").checked = false;
  if (!row.querySelector(".trace").hidden) readTrace(row, row.querySelector(".trace"));
  tellChoice();
}

function findRow(actionId) {
  return [...byId("actions").children].find((row) => row.dataset.key === actionId);
}

const rowOfFocus = () => document.activeElement?.closest?.("#actions > li");

/** Moves the focus to the next or the previous action; returns false where there is none. */
export function moveInActions(by) {
  const rows = [...byId("actions").children];
  if (!rows.length) return false;
  const at = rows.indexOf(rowOfFocus());
  rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by))].querySelector("input").focus();
  return true;
}

/** Opens or closes the trace of the action that has the focus. */
export function toggleFocusedTrace() {
  const row = rowOfFocus();
  if (row) toggleTrace(row);
}

export function toggleFocusedChoice() {
  rowOfFocus()?.querySelector("input").click();
}

async function toggleTrace(row) {
  const place = row.querySelector(".trace");
  place.hidden = !place.hidden;
  row.querySelector("[data-trace]").setAttribute("aria-expanded", String(!place.hidden));
  if (!place.hidden) await readTrace(row, place);
}

// The trace knows more of an action that is in none of the lists.
async function readTrace(row, place) {
  const id = row.dataset.key;
  const trace = await showTrace(place, id);
  if (!trace || !known.has(id)) return;
  const { status, reason, score, acceptedAt } = trace;
  known.set(id, { ...known.get(id), status, reason, score, acceptedAt });
  drawRow(row, known.get(id));
  tellChoice();
}

/** Brings an action into view, with its trace; one that is in no list is read for its trace. */
export function reveal(actionId, { player }) {
  byId("which").value = "all";
  if (!known.has(actionId)) known.set(actionId, { actionId, score: null, acceptedAt: "", userId: player.userId });
  draw();
  const row = findRow(actionId);
  if (row.querySelector(".trace").hidden) toggleTrace(row);
  row.querySelector("input").focus();
}

// Snoozes: a check that does not count for this player until a time.

import { call } from "./api.js";
import { byId, clone, fill, keepInStep, say } from "./ui/dom.js";
import { describeUntil, explain } from "./ui/sentences.js";
import { showDone } from "./ui/undo.js";
import { current, onVisit, refreshVisit } from "./visit.js";

const DAY_MS = 86400000;

export function startSnoozes() {
  byId("snooze-form").addEventListener("submit", (event) => { event.preventDefault(); attempt(snooze); });
  byId("snoozes").addEventListener("click", (event) => {
    const button = event.target.closest("[data-check]");
    if (button) attempt(() => wake(button.dataset.check));
  });
  // In a trace.
  byId("actions").addEventListener("click", (event) => {
    const button = event.target.closest("[data-check]");
    if (button) choose(button.dataset.check);
  });
  onVisit(draw);
}

function draw({ player }, isNew) {
  if (isNew) byId("snooze-form").reset();
  const running = Object.entries(player.snoozes);
  say(byId("snoozes-none"), running.length ? null : "No check is snoozed.");
  keepInStep(byId("snoozes"), running, { key: ([check]) => check, make: () => clone("snooze-row"), update: drawSnooze });
}

function drawSnooze(row, [check, until]) {
  fill(row, { check, until: describeUntil(until) });
  row.querySelector("button").dataset.check = check;
  row.querySelector("button").setAttribute("aria-label", `End the snooze of ${check}`);
}

function choose(check) {
  byId("snooze-check").value = check;
  byId("snooze-reason").focus();
}

async function attempt(todo) {
  say(byId("snooze-problem"), null);
  try {
    await todo();
  } catch (error) {
    say(byId("snooze-problem"), explain(error));
  }
}

const pathOf = ({ userId }, check) => `/api/moderation/users/${userId}/snooze${check ? `/${encodeURIComponent(check)}` : ""}`;

async function set(player, check, until, reason) {
  await call("POST", pathOf(player), { body: { check, until, reason } });
  await refreshVisit();
  return `${check} is snoozed for ${player.username} ${describeUntil(until)}.`;
}

async function end(player, check) {
  await call("DELETE", pathOf(player, check));
  await refreshVisit();
  return `${check} counts again for ${player.username}.`;
}

async function snooze() {
  const { player } = current();
  const check = byId("snooze-check").value.trim();
  const until = new Date(Date.now() + Number(byId("snooze-length").value) * DAY_MS).toISOString();
  const before = player.snoozes[check];
  const words = await set(player, check, until, byId("snooze-reason").value);
  byId("snooze-form").reset();
  showDone(words, () => (before ? set(player, check, before, "Undo: as it was before") : end(player, check)));
}

async function wake(check) {
  const { player } = current();
  const until = player.snoozes[check];
  showDone(await end(player, check), () => set(player, check, until, "Undo: ended by mistake"));
}

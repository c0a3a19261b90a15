// Bans: made or changed in a dialog, ended with a reason, and taken back.

import { call } from "./api.js";
import { byId, say } from "./ui/dom.js";
import { askReason, run } from "./ui/dialogs.js";
import { describeUntil } from "./ui/sentences.js";
import { showDone } from "./ui/undo.js";
import { current, refreshVisit } from "./visit.js";

const DAY_MS = 86400000;

let shownUser = null;
let tellChanged = () => {};

export function startBans(onChanged) {
  tellChanged = onChanged;
  byId("ban").addEventListener("click", openBan);
  byId("unban").addEventListener("click", askToEnd);
  byId("ban-length").addEventListener("change", showMoment);
  byId("ban-form").addEventListener("submit", (event) => run(event, byId("ban-dialog"), byId("ban-problem"), ban));
}

export function drawBan({ player }) {
  byId("ban").textContent = player.ban ? "Change the ban…" : "Ban…";
  byId("unban").hidden = player.ban === null;
}

/** Opens the dialog; what was typed for this player before is still in it. */
export function openBan() {
  const { player } = current() ?? {};
  if (!player) return;
  if (shownUser !== player.userId) byId("ban-form").reset();
  shownUser = player.userId;
  say(byId("ban-title"), `Ban ${player.username}?`);
  say(byId("ban-problem"), null);
  showMoment();
  byId("ban-dialog").showModal();
  byId("ban-length").focus();
}

function showMoment() {
  byId("ban-moment-line").hidden = byId("ban-length").value !== "moment";
}

function readUntil() {
  const length = byId("ban-length").value;
  if (length === "for good") return null;
  if (length !== "moment") return new Date(Date.now() + Number(length) * DAY_MS).toISOString();
  const moment = new Date(byId("ban-moment").value);
  // The API says what is wrong with a text that is no time.
  return Number.isNaN(moment.getTime()) ? byId("ban-moment").value : moment.toISOString();
}

const pathOf = (userId) => `/api/moderation/users/${userId}/ban`;

async function ban() {
  const { player } = current();
  const note = byId("ban-note").value;
  const body = { until: readUntil(), reason: byId("ban-reason").value, ...(note.trim() && { note }) };
  const made = await call("POST", pathOf(player.userId), { body });
  byId("ban-form").reset();
  await changed();
  const words = `${player.username} is banned ${describeUntil(made.until)}.`;
  showDone(words, player.ban ? null : () => endBan(player, "Undo: banned by mistake"));
}

function askToEnd() {
  const { player } = current();
  askReason({
    title: `End the ban of ${player.username}?`,
    words: "The player is on every board again at once, as if there had been no ban, and may play.",
    label: "End the ban",
  }, async (reason) => {
    const words = await endBan(player, reason);
    showDone(words, canReturn(player.ban) ? () => banAgain(player) : null);
  });
}

const canReturn = ({ until }) => until === null || new Date(until) > new Date();

async function endBan(player, reason) {
  await call("DELETE", pathOf(player.userId), { body: { reason } });
  await changed();
  return `The ban of ${player.username} has ended.`;
}

async function banAgain(player) {
  const { until, reason } = player.ban;
  await call("POST", pathOf(player.userId), { body: { until, reason, note: "Undo: the ban was ended by mistake" } });
  await changed();
  return `${player.username} is banned again ${describeUntil(until)}.`;
}

async function changed() {
  await refreshVisit();
  tellChanged();
}

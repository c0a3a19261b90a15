// The page of moderators: signs somebody in, shows what the address names, and keeps it up to date.

import { drawActions, moveInActions, reveal, startActions, toggleFocusedChoice, toggleFocusedTrace } from "./moderation/actions.js";
import { call } from "./moderation/api.js";
import { drawBan, openBan, startBans } from "./moderation/ban.js";
import { claimByKey, drawClaim, startClaims, tickClaim } from "./moderation/claim.js";
import { decideByKey, drawButtons, drawDeciding, startDeciding } from "./moderation/deciding.js";
import { startEntry } from "./moderation/entry.js";
import { drawHistory, startHistory } from "./moderation/history.js";
import { drawProfile } from "./moderation/profile.js";
import { markOpened, moveInQueue, filterBy, refreshQueue, startQueue } from "./moderation/queue.js";
import { startSearch } from "./moderation/search.js";
import { startSnoozes } from "./moderation/snooze.js";
import { startDialogs } from "./moderation/ui/dialogs.js";
import { announce, byId, say } from "./moderation/ui/dom.js";
import { showKeys, startKeyboard } from "./moderation/ui/keyboard.js";
import { explain } from "./moderation/ui/sentences.js";
import { forgetDone, startUndo, undo } from "./moderation/ui/undo.js";
import { current, onVisit, refreshVisit, visit } from "./moderation/visit.js";
import { formatClock } from "/assets/format.js";

const EVERY_MS = 10000;

let timer = 0;
let isIn = false;
// The state of the connection as it was told last.
let wasUp = true;

function showState(isUp) {
  byId("state").dataset.state = isUp ? "live" : "offline";
  byId("state-text").textContent = isUp ? `Read at ${formatClock(new Date())}` : "The server cannot be reached, trying again…";
  if (isUp !== wasUp) announce(isUp ? "The server is back." : "The server cannot be reached.");
  wasUp = isUp;
}

async function refresh() {
  clearTimeout(timer);
  if (!isIn) return;
  if (!document.hidden) {
    const answered = await Promise.all([refreshQueue(), refreshVisit()]);
    if (isIn) showState(answered.every(Boolean));
    tickClaim();
  }
  clearTimeout(timer);
  timer = setTimeout(refresh, EVERY_MS);
}

async function follow() {
  if (!isIn) return;
  const [, word, id] = /^#(case|player|action)\/([^/]+)$/.exec(location.hash) ?? [];
  document.body.dataset.view = word ? "dossier" : "queue";
  forgetDone();
  markOpened(word === "case" ? id : null);
  await open(word, id);
  if (word && current()) byId("dossier-name").focus();
}

async function open(word, id) {
  if (!word) return visit(null);
  if (word !== "action") return visit(word === "case" ? { caseId: id } : { userId: id });
  try {
    const { userId } = await call("GET", `/api/moderation/actions/${encodeURIComponent(id)}/trace`);
    await visit({ userId });
    if (current()) reveal(id, current());
  } catch (error) {
    await visit(null);
    say(byId("dossier-problem"), explain(error));
  }
}

function draw(view, isNew) {
  drawProfile(view);
  drawClaim(view, isNew);
  drawBan(view);
  drawDeciding(view, isNew);
  drawActions(view, isNew);
  drawHistory(view);
  if (view.case) markOpened(view.case.caseId);
}

const isInDossier = () => document.activeElement?.closest?.("#dossier-body") !== null;

function move(by) {
  if (!isInDossier() || !moveInActions(by)) moveInQueue(by);
}

function goBack() {
  document.body.dataset.view = "queue";
  moveInQueue(0);
}

const SHORTCUTS = [
  { key: "j", words: "Next case, or next action", run: () => move(1) },
  { key: "k", words: "Previous case, or previous action", run: () => move(-1) },
  { key: "q", words: "To the queue", run: goBack },
  { key: "a", words: "To the actions", run: () => moveInActions(0) },
  { key: "x", words: "Choose this action", run: toggleFocusedChoice },
  { key: "o", words: "Open or close the trace of this action", run: toggleFocusedTrace },
  { key: "c", words: "Claim the case, or give it back", run: claimByKey },
  { key: "w", words: "Write the reason", run: () => byId("reason").focus() },
  { key: "r", words: "Release", run: () => decideByKey("release") },
  { key: "e", words: "Reject", run: () => decideByKey("reject") },
  { key: "v", words: "Void", run: () => decideByKey("void") },
  { key: "s", words: "Restore", run: () => decideByKey("restore") },
  { key: "h", words: "Hold", run: () => decideByKey("hold") },
  { key: "t", words: "Retry", run: () => decideByKey("retry") },
  { key: "u", words: "Undo", run: undo },
  { key: "b", words: "Ban the player", run: openBan },
  { key: "/", words: "Search for a player", run: () => byId("search-text").focus() },
  { key: "?", words: "Show these keys", run: showKeys },
];

function start() {
  startQueue();
  startSearch((address) => { location.hash = address; });
  startActions(drawButtons);
  startDeciding(refreshQueue);
  startClaims(refreshQueue);
  startBans(refreshQueue);
  startSnoozes();
  startHistory((actionId) => reveal(actionId, current()));
  startDialogs();
  startUndo();
  startKeyboard(SHORTCUTS);
  onVisit(draw);
  byId("all-cases").addEventListener("click", () => filterBy({ user: current().player.userId, state: "closed" }));
  byId("refresh").addEventListener("click", refresh);
  addEventListener("hashchange", follow);
  addEventListener("focus", refresh);
  document.addEventListener("visibilitychange", refresh);
  startEntry({
    onEnter() {
      isIn = true;
      refresh();
      // What was shown when a session ended is still there, with what was typed.
      if (!current()) follow();
    },
    onLeave() {
      isIn = false;
      clearTimeout(timer);
    },
  });
}

start();

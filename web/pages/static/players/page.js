// The page of a player: what the server has written of it, and then live.

import { byId } from "../dom.js";
import { formatMoment, formatNumber } from "../format.js";
import { Laurel } from "../laurel.js";
import { session } from "../session.js";
import { History } from "./history.js";
import { showAgo, showBoards, showLast, showOwn } from "./lists.js";

// Of whom is in view a change is told at once; of others it is asked.
const IN_VIEW = 100;
const PAUSE_MS = 10_000;
const BUSY_MS = 3000;
const OWN_ACTIONS = 20;

const userId = byId("player").dataset.userId;
const laurel = new Laurel({ session });
const history = new History();
const etags = new Map();
let isInView = false;
let isGone = false;
let readAt = 0;
let timer = null;
let reading = null;

const isOwn = () => session.userId === userId;

// Returns the body, null when it is the same as the last time; throws for any other answer.
async function read(path) {
  const answer = await laurel.request("GET", path, { etag: etags.get(path) });
  if (answer.status === 304) return null;
  if (answer.status !== 200) throw Object.assign(new Error(answer.body?.error?.message ?? `The server answered ${answer.status}`), answer);
  etags.set(path, answer.etag);
  return answer.body;
}

function showNumbers({ score, rank, totalActions }) {
  byId("score").textContent = formatNumber(score);
  byId("rank").textContent = formatNumber(rank);
  byId("actions").textContent = formatNumber(totalActions);
  byId("average").textContent = formatNumber(totalActions ? score / totalActions : null);
}

function showHistory(found) {
  byId("name").textContent = found.username;
  document.title = `${found.username} · Laurel`;
  showNumbers(found);
  byId("times").textContent = found.firstAction ? `Plays since ${formatMoment(found.firstAction)}, last on ${formatMoment(found.lastAction)}.` : "Has not played yet.";
  history.show(found);
  if (!isOwn()) showLast(found.lastActions);
}

async function readAll() {
  const found = await read(`/api/users/${userId}/history`);
  if (found) showHistory(found);
  const boards = await read(`/api/users/${userId}/boards`);
  if (boards) showBoards(boards.places);
  if (isOwn()) showOwn((await read(`/api/actions?limit=${OWN_ACTIONS}`)).actions);
}

// Leaves nothing of who is banned, or has erased the account.
function showGone() {
  document.title = "No such player · Laurel";
  byId("name").textContent = "No such player";
  byId("self").hidden = true;
  for (const part of byId("player").querySelectorAll(".who > :not(h1, .problem), :scope > :not(.who)")) part.remove();
  laurel.stop();
}

function showProblem(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
}

async function refresh() {
  clearTimeout(timer);
  // Nobody looks: it is asked for when somebody does.
  if (isGone || document.hidden) return;
  reading ??= readAll().then(
    () => showProblem(""),
    (error) => {
      isGone = error.status === 404;
      showProblem(isGone ? "This player is not shown any more." : "The newest numbers cannot be read now. Trying again…");
      if (isGone) showGone();
    },
  ).finally(() => {
    reading = null;
    if (isGone) return;
    readAt = Date.now();
    showAgo();
    timer = setTimeout(refresh, PAUSE_MS);
  });
  await reading;
}

// At once after a pause, and not more often than every BUSY_MS while much happens.
function refreshSoon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, Math.max(0, readAt + BUSY_MS - Date.now()));
}

function onScore(event) {
  if (event.userId !== userId || isGone) return;
  if (event.newScore !== undefined) byId("score").textContent = formatNumber(event.newScore);
  if (event.newRank !== undefined) byId("rank").textContent = formatNumber(event.newRank);
  refreshSoon();
}

function showState({ state, text }) {
  byId("state").dataset.state = state;
  const isFollowed = state !== "live" || isInView || isOwn();
  byId("state-text").textContent = isFollowed ? text : "Read every 10 s";
}

function showSelf() {
  byId("self").hidden = !isOwn();
  byId("last-title").textContent = isOwn() ? "Your last actions" : "Last actions";
}

const board = laurel.follow("leaderboard", { limit: IN_VIEW });
board.on("change", ({ rows }) => {
  isInView = rows.some((row) => row.userId === userId);
  showState(laurel.state);
});
board.on("event", onScore);
laurel.own.on("event", onScore);
laurel.on("state", showState);
session.on("change", () => {
  if (isGone) return;
  etags.clear();
  showSelf();
  refresh();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) refreshSoon(); });
showSelf();
laurel.start();
refresh();

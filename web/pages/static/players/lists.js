// The tables of a player: places on boards, and the last actions, one's own with what became of them.

import { byId } from "../dom.js";
import { explainReason } from "../home/reasons.js";
import { formatAgo, formatChange, formatDay, formatMoment, formatNumber } from "../format.js";

const STATUS_WORDS = {
  pending: "Waiting",
  applied: "Counted",
  quarantined: "Held for review",
  rejected: "Rejected",
  failed: "Could not be processed",
  voided: "Taken back",
};

/** @param {object[]} places of GET /api/users/{userId}/boards */
export function showBoards(places) {
  showTable("boards", places.map(makePlace), "On no board yet.");
}

/** @param {object[]} actions what everybody may see */
export function showLast(actions) {
  const rows = actions.map(({ actionType, score, at }) => makeAction({ actionType, score, at }));
  showTable("last", rows, "No action has counted yet.");
}

/** @param {object[]} actions of GET /api/actions: one's own, with their states */
export function showOwn(actions) {
  const rows = actions.map(({ metadata, score, acceptedAt, status, reason }) => makeAction({ actionType: metadata?.actionType, score, at: acceptedAt, status, reason }));
  showTable("last", rows, "You have not played yet.");
}

/** Writes how long ago each action is, as of now. */
export function showAgo() {
  for (const time of byId("last").querySelectorAll("time")) time.textContent = formatAgo(time.dateTime);
}

function showTable(id, rows, otherwise) {
  byId(`${id}-words`).textContent = otherwise;
  byId(`${id}-words`).hidden = rows.length > 0;
  byId(id).hidden = !rows.length;
  byId(id).tBodies[0].replaceChildren(...rows);
}

function makePlace(place) {
  const row = document.createElement("tr");
  const head = addHead(row);
  const link = head.appendChild(document.createElement("a"));
  const isGlobal = place.board === "global";
  link.href = isGlobal ? "/" : `/#${[place.board, place.segment].filter(Boolean).map(encodeURIComponent).join("/")}`;
  link.append(isolate(isGlobal ? "All time" : place.title || place.board));
  addSmall(head, describePeriod(place));
  addNumber(row, formatNumber(place.rank), `of ${formatNumber(place.totalUsers)}`);
  addNumber(row, formatScore(place.score));
  return row;
}

function describePeriod({ segment, periodEnd, nextReset }) {
  const ends = periodEnd ?? nextReset;
  return [segment, ends && `until ${formatDay(ends)}`].filter(Boolean).join(", ");
}

function makeAction({ actionType, score, at, status, reason }) {
  const row = document.createElement("tr");
  const head = addHead(row);
  head.append(isolate(actionType || "Action"));
  if (status) {
    const words = addSmall(head, STATUS_WORDS[status] ?? status);
    words.className = "status";
    words.dataset.status = status;
    if (reason && status !== "applied") addSmall(head, explainReason(reason));
  }
  if (!status || status === "applied") addNumber(row, formatChange(score));
  else addNumber(row, formatNumber(score)).classList.add("uncounted");
  const when = row.insertCell();
  when.className = "when";
  const time = when.appendChild(document.createElement("time"));
  time.dateTime = at;
  time.title = formatMoment(at);
  time.textContent = formatAgo(at);
  return row;
}

// Boards may count in parts of one.
function formatScore(score) {
  return Number.isInteger(score) ? formatNumber(score) : formatNumber(score, String(score).split(".")[1]?.length ?? 0);
}

function addHead(row) {
  const head = row.appendChild(document.createElement("th"));
  head.scope = "row";
  return head;
}

function addSmall(parent, text) {
  const small = document.createElement("small");
  small.textContent = text;
  if (text) parent.append(small);
  return small;
}

function addNumber(row, text, more = "") {
  const cell = row.insertCell();
  cell.className = "number";
  cell.textContent = text;
  if (more) {
    const small = document.createElement("small");
    small.textContent = ` ${more}`;
    cell.append(small);
  }
  return cell;
}

// What somebody has named may be written from right to left: it moves nothing around it.
function isolate(text) {
  const part = document.createElement("bdi");
  part.textContent = text;
  return part;
}

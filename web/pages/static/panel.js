// What stands around the table of a board: when it begins again, its segments, one's own place, the
// podium of the period before, and what there is to say when there are no standings.

import { describeLeft } from "./countdown.js";
import { byId, setText } from "./dom.js";
import { formatCount, formatNumber, formatPercent } from "./format.js";

const NOBODY = "Nobody is on this board yet. Be the first.";
const WINDOWS = { "24h": "24 hours", "7d": "7 days", "30d": "30 days" };

const regions = new Intl.DisplayNames(["en"], { type: "region" });

// Shows the text, or hides the element when there is none.
function say(id, text) {
  const element = byId(id);
  element.hidden = !text;
  setText(element, text ?? "");
}

export function nameSegment(board, segment) {
  if (!board.segment.endsWith(".country")) return segment;
  try {
    return regions.of(segment);
  } catch {
    return segment; // no code of a country
  }
}

function writeMoment(moment, timeZone) {
  const parts = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
  return new Intl.DateTimeFormat("en", { ...parts, hourCycle: "h23", timeZone }).format(moment);
}

// `page` is the standings' answer without its rows, `now` the server's clock, both in milliseconds.
export function drawTurn(board, page, now) {
  if (!page) return say("turn", null);
  const { kind, window } = board.period;
  if (kind === "rolling") return say("turn", `The last ${WINDOWS[window] ?? window}`);
  const [start, end, turn] = [page.periodStart, page.periodEnd, page.nextReset ?? page.periodEnd].map((text) => text && new Date(text));
  if (!turn) return say("turn", null);
  const word = kind === "season" ? "Ends" : "Resets";
  if (kind === "season" && start > now) return say("turn", `Starts in ${describeLeft((start - now) / 1000)}`);
  if (kind === "season" && end <= now) return say("turn", `Ended ${writeMoment(end, board.timeZone)}`);
  return say("turn", `${word} in ${describeLeft((turn - now) / 1000)} · ${writeMoment(turn, board.timeZone)}`);
}

export function drawSegments(board, segments, chosen) {
  byId("segment").hidden = segments.length === 0;
  if (segments.length === 0) return;
  const name = board.segment.split(".").at(-1);
  byId("segment-label").textContent = name.charAt(0).toUpperCase() + name.slice(1);
  const list = byId("segments");
  const isSame = list.options.length === segments.length && segments.every((segment, index) => list.options[index].value === segment);
  if (!isSame) list.replaceChildren(...segments.map((segment) => new Option(nameSegment(board, segment), segment)));
  list.value = chosen;
}

// `own` is the answer about one's own place; the percentage follows from the rank.
export function drawOwnPlace(own, total, format, isEntered) {
  const { you, gapToNext: gap, rankAtDayStart: before } = own;
  if (!you && isEntered) return say("own-place", "Your actions count here from now on.");
  if (!you) return say("own-place", total ? "You are not on this board yet." : null);
  const words = [`You are at rank ${formatNumber(you.rank)}`];
  if (total > 1) words.push(`ahead of ${formatPercent(Math.floor((100 * (total - you.rank)) / total) / 100)}`);
  if (gap) words.push(`${format(gap)} behind the next`);
  if (before && before !== you.rank) words.push(`at ${formatNumber(before)} when the day began`);
  return say("own-place", words.join(" · "));
}

// Offers what the player may do to be on the board; nothing without words.
export function drawOffer(words, take) {
  say("offer", words);
  byId("offer").onclick = words ? take : null;
}

export function drawPodium(rows, title, format) {
  byId("podium").hidden = rows.length === 0;
  say("podium-title", title);
  const lines = rows.map((row) => {
    const line = document.createElement("li");
    line.value = row.rank;
    const name = document.createElement("bdi");
    name.textContent = row.username;
    const score = document.createElement("span");
    score.className = "quiet";
    score.textContent = format(row.score);
    line.append(name, " ", score);
    return line;
  });
  byId("podium-rows").replaceChildren(...lines);
}

export function drawNote(text) {
  say("note", text);
}

// How many there are; while it is not known (null), nothing is said about them.
export function sayRows(count, total) {
  say("total", total === null ? null : formatCount(total, "player"));
  say("empty", count === 0 && total !== null ? NOBODY : null);
  byId("table").hidden = count === 0;
}

export function clearPanel() {
  for (const id of ["turn", "note", "own-place", "offer", "podium-title", "total", "empty"]) say(id, null);
  byId("segment").hidden = true;
  byId("podium").hidden = true;
}

// The queue: one page of cases, the newest signal first, as the filters say.

import { call } from "./api.js";
import { announce, byId, clone, fill, isUsable, keepInStep, say, setUsable, slot } from "./ui/dom.js";
import { describeLeft, explain } from "./ui/sentences.js";
import { formatAgo, formatChange, formatCount } from "/assets/format.js";

const PAGE = 20;
const UNFILTERED = { state: "open", claimed: "", reason: "", user: "" };

// Where the pages begin that were turned to; the last is shown.
let cursors = [null];
let next = null;
let opened = null;
let reading = 0;

export function startQueue() {
  const filters = byId("filters");
  filters.addEventListener("submit", (event) => { event.preventDefault(); begin(); });
  filters.addEventListener("change", begin);
  byId("clear-filters").addEventListener("click", () => filterBy({}));
  byId("newer").addEventListener("click", () => turn(-1));
  byId("older").addEventListener("click", () => turn(1));
}

/** Shows only what these filters say, of the whole list. */
export function filterBy(filters) {
  for (const [name, value] of Object.entries({ ...UNFILTERED, ...filters })) byId("filters").elements[name].value = value;
  return begin();
}

function begin() {
  cursors = [null];
  return refreshQueue();
}

async function turn(by) {
  const button = byId(by > 0 ? "older" : "newer");
  if (!isUsable(button)) return;
  if (by > 0) cursors.push(next);
  else cursors.pop();
  await refreshQueue();
  const first = byId("cases").querySelector("a");
  announce(`Page ${cursors.length} of the queue.`);
  first?.focus();
}

/** Reads the page again; returns whether the server has answered, and says what went wrong. */
export async function refreshQueue() {
  const mine = ++reading;
  try {
    const page = await call("GET", `/api/moderation/cases?${writeQuery()}`);
    if (mine === reading) draw(page);
    return true;
  } catch (error) {
    if (mine === reading) say(byId("queue-problem"), explain(error));
    return error.code !== "OFFLINE";
  }
}

function readFilters() {
  return Object.fromEntries([...new FormData(byId("filters"))].map(([name, value]) => [name, value.trim()]));
}

function writeQuery() {
  const given = { ...readFilters(), limit: PAGE, cursor: cursors.at(-1) ?? "" };
  return new URLSearchParams(Object.entries(given).filter(([, value]) => value !== ""));
}

function draw({ cases, nextCursor }) {
  next = nextCursor;
  say(byId("queue-problem"), null);
  keepInStep(byId("cases"), cases, { key: (each) => each.caseId, make: () => clone("case-row"), update: drawCase });
  const filters = readFilters();
  const isFiltered = Object.entries(UNFILTERED).some(([name, value]) => filters[name] !== value);
  byId("clear-filters").hidden = !isFiltered;
  say(byId("queue-empty"), cases.length ? null : describeEmpty(isFiltered));
  byId("turns").hidden = cursors.length === 1 && next === null;
  say(byId("queue-page"), `Page ${cursors.length}`);
  setUsable(byId("newer"), cursors.length > 1);
  setUsable(byId("older"), next !== null);
}

function describeEmpty(isFiltered) {
  if (cursors.length > 1) return "Nothing is left on this page.";
  return isFiltered ? "No case fits these filters." : "No case is open: nothing waits for a decision.";
}

function drawCase(row, found) {
  const link = row.querySelector("a");
  link.href = `#case/${found.caseId}`;
  fill(row, {
    name: found.username,
    held: describeHeld(found),
    reasons: Object.entries(found.reasons).map(([reason, count]) => `${reason} ${count}`).join(" · "),
    ago: formatAgo(found.lastSignalAt),
    appeals: found.openAppeals ? formatCount(found.openAppeals, "appeal") : null,
    claim: describeClaim(found.claim),
  });
  slot(row, "claim").classList.toggle("mine", found.claim?.isMine === true);
  mark(row);
}

function describeHeld({ state, heldActions, heldScore }) {
  if (state === "closed") return "closed";
  if (!heldActions) return "nothing held";
  return `${formatCount(heldActions, "action")} held, ${formatChange(heldScore)}`;
}

export function describeClaim(claim) {
  if (!claim) return null;
  const by = claim.isMine ? "you" : (claim.username ?? claim.by.slice(0, 8));
  return `claimed by ${by}, ${describeLeft(claim.until)}`;
}

function mark(row) {
  if (row.dataset.key === opened) row.querySelector("a").setAttribute("aria-current", "true");
  else row.querySelector("a").removeAttribute("aria-current");
}

/** Marks the case that is shown beside the queue; null for none. */
export function markOpened(caseId) {
  opened = caseId;
  for (const row of byId("cases").children) mark(row);
}

/** Moves the focus to the next or the previous case. */
export function moveInQueue(by) {
  const links = [...byId("cases").querySelectorAll("a")];
  const at = links.findIndex((link) => link.contains(document.activeElement));
  const from = at < 0 ? links.findIndex((link) => link.hasAttribute("aria-current")) : at;
  links[Math.max(0, Math.min(links.length - 1, from < 0 ? 0 : from + by))]?.focus();
}

// What the player has appealed against, and what moderators did.

import { byId, clone, fill, keepInStep, say, slot } from "./ui/dom.js";
import { nameAct } from "./ui/sentences.js";
import { formatMoment } from "/assets/format.js";

/** `show(actionId)` brings an action into view. */
export function startHistory(show) {
  for (const list of ["appeals", "acts"]) {
    byId(list).addEventListener("click", (event) => {
      const link = event.target.closest("[data-action]");
      if (link) show(link.dataset.action);
    });
  }
}

export function drawHistory({ player, case: found }) {
  const appeals = merge(player.appeals, found?.appeals, (each) => each.actionId);
  const acts = merge(player.acts, found?.acts, (each) => each.actId);
  say(byId("appeals-none"), appeals.length ? null : "No appeal.");
  say(byId("acts-none"), acts.length ? null : "No moderator has done anything here.");
  keepInStep(byId("appeals"), appeals, { key: (each) => each.actionId, make: () => clone("appeal-row"), update: drawAppeal });
  keepInStep(byId("acts"), acts, { key: (each) => each.actId, make: () => clone("act-row"), update: drawAct });
}

// The player's and the case's lists overlap; the newest first.
function merge(ofPlayer, ofCase, key) {
  const all = new Map([...(ofCase ?? []), ...ofPlayer].map((each) => [key(each), each]));
  return [...all.values()].sort((one, other) => other.at.localeCompare(one.at));
}

function drawAppeal(row, appeal) {
  fill(row, {
    state: appeal.state === "open" ? "waits for an answer" : `${appeal.state} ${formatMoment(appeal.decidedAt)}`,
    at: formatMoment(appeal.at),
    message: appeal.message,
  });
  slot(row, "state").dataset.state = appeal.state;
  row.querySelector("button").dataset.action = appeal.actionId;
}

export function drawAct(row, act) {
  const { batches: _, ...details } = act.details ?? {};
  fill(row, {
    kind: nameAct(act.kind),
    by: act.by,
    at: formatMoment(act.at),
    reason: act.reason,
    details: Object.entries(details).map(([name, value]) => `${name}: ${value}`).join(", "),
    entry: act.seq === null ? "not in the audit log yet" : `audit entry ${act.seq}, ${act.hash.slice(0, 12)}…`,
  });
  const link = row.querySelector("button");
  if (!link) return;
  link.hidden = act.actionId === null;
  link.dataset.action = act.actionId ?? "";
}

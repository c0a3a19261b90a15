// The trace of an action: a bar of the points of its checks against what the policy holds and
// rejects from, each check with what it has seen, and where the audit log has all of it.

import { call } from "./api.js";
import { drawAct } from "./history.js";
import { clone, fill, keepInStep, say, slot } from "./ui/dom.js";
import { explain, formatPoints, nameStatus } from "./ui/sentences.js";
import { formatChange, formatMoment, formatNumber } from "/assets/format.js";

// How many looks the segments of the bar have.
const LOOKS = 4;

/** Fills `place` with the trace of an action and returns it, or says why it cannot be read. */
export async function showTrace(place, actionId) {
  if (!place.firstElementChild) place.append(clone("trace"));
  try {
    const trace = await call("GET", `/api/moderation/actions/${actionId}/trace`);
    drawTrace(place.firstElementChild, trace);
    return trace;
  } catch (error) {
    say(slot(place, "problem"), explain(error));
    return null;
  }
}

function drawTrace(node, trace) {
  const found = trace.checks.filter((each) => each.outcome === "found").sort((one, other) => (other.points ?? 0) - (one.points ?? 0));
  const total = found.reduce((sum, each) => sum + (each.points ?? 0), 0);
  say(slot(node, "problem"), null);
  say(slot(node, "archived"), trace.isArchived ? "This action is archived: its row is in a file, and it cannot be decided on." : null);
  drawBar(node, found, total, trace.thresholds);
  drawFound(node, found);
  drawQuiet(node, trace.checks);
  fill(node, describe(trace));
  keepInStep(slot(node, "decisions"), trace.decisions, { key: (act) => act.actId, make: () => clone("traced-act-row"), update: drawAct });
  keepInStep(slot(node, "transitions"), trace.transitions, { key: (each) => each.version, make: () => document.createElement("li"), update: drawTransition });
}

function drawBar(node, found, total, thresholds) {
  slot(node, "bar").hidden = !thresholds;
  if (!thresholds) return say(slot(node, "total"), "The checks of this action are not known.");
  const { holdAt, rejectAt } = thresholds;
  const words = `${formatPoints(total)} points: held from ${formatPoints(holdAt)}, rejected from ${formatPoints(rejectAt)}.`;
  say(slot(node, "total"), words);
  slot(node, "bar").setAttribute("aria-label", words);
  // What is far from the rejection would be a line of a pixel beside it.
  const most = Math.max(total * 1.05, total < 2 * holdAt ? 2 * holdAt : rejectAt * 1.05);
  slot(node, "segments").replaceChildren(...found.filter((each) => each.points).map((each, index) => {
    const segment = document.createElement("span");
    segment.className = `look-${index % LOOKS}`;
    segment.style.width = `${(100 * each.points) / most}%`;
    segment.title = `${each.check}: ${formatPoints(each.points)}`;
    return segment;
  }));
  stand(slot(node, "hold"), holdAt / most);
  stand(slot(node, "reject"), rejectAt / most);
}

function stand(mark, share) {
  mark.hidden = share > 1;
  mark.style.left = `${100 * share}%`;
}

function drawFound(node, found) {
  slot(node, "found-table").hidden = found.length === 0;
  say(slot(node, "found-none"), found.length ? null : "No check has found anything.");
  keepInStep(slot(node, "found"), found, { key: (each) => each.check, make: () => clone("check-row"), update: drawCheck });
}

function drawCheck(row, { check, outcome: _, score, points, reason, seen, version, snoozed, shadow, ...others }) {
  const uncounted = [snoozed && "snoozed", shadow && "shadow"].filter(Boolean).join(", ");
  const rest = Object.entries(others).map(([name, value]) => (value === true ? name : `${name} ${describeSeen(value)}`));
  fill(row, {
    check,
    score: score === undefined ? "–" : formatNumber(score, 2),
    points: points === undefined ? "–" : formatPoints(points),
    reason: reason ?? "–",
    seen: [...(seen === undefined ? [] : [describeSeen(seen)]), ...rest].join(", ") || "–",
    version: version === undefined ? "–" : String(version),
    uncounted: uncounted ? `does not count: ${uncounted}` : null,
  });
  row.querySelector("button").dataset.check = check;
}

function describeSeen(seen) {
  if (seen === null || seen === undefined) return "–";
  if (typeof seen === "object") return JSON.stringify(seen);
  return typeof seen === "number" ? formatNumber(seen, Number.isInteger(seen) ? 0 : 3) : String(seen);
}

function drawQuiet(node, checks) {
  for (const outcome of ["pass", "off"]) {
    const names = checks.filter((each) => each.outcome === outcome).map((each) => each.check);
    say(slot(node, outcome), names.length ? `${outcome === "pass" ? "Passed" : "Off in this policy"}: ${names.join(", ")}.` : null);
  }
}

function describe(trace) {
  const { client } = trace;
  const from = client && [`device ${client.device}`, `address ${client.address}`, client.country, client.isHosting && "data centre"];
  const after = trace.newScore === null ? null : `${formatNumber(trace.previousScore)} → ${formatNumber(trace.newScore)}`;
  return {
    id: trace.actionId,
    status: [nameStatus(trace.status), trace.reason].filter(Boolean).join(", "),
    verdict: [trace.verdict, trace.verdictReason].filter(Boolean).join(", ") || "–",
    policy: trace.policyNo === null ? "of the settings" : `number ${trace.policyNo}`,
    adds: formatChange(trace.score),
    after: after ?? "–",
    type: trace.actionType ?? "–",
    sent: formatMoment(trace.timestamp),
    accepted: formatMoment(trace.acceptedAt),
    vouched: trace.stepUp ?? "–",
    from: from ? from.filter(Boolean).join(", ") : "not known",
    metadata: trace.metadata ? JSON.stringify(trace.metadata, null, 1) : "–",
    appeal: trace.appeal ? `${trace.appeal.state}: ${trace.appeal.message}` : "none",
  };
}

function drawTransition(line, { status, reason, previousScore, newScore, version, seq, hash }) {
  const scores = newScore === null ? "" : `, ${formatNumber(previousScore)} → ${formatNumber(newScore)}`;
  line.textContent = `${version}. ${nameStatus(status)}${reason ? ` (${reason})` : ""}${scores}; audit entry ${seq}, ${hash.slice(0, 12)}…`;
}

// What an answer about an action means: a state, a line and a sentence. Pure; `actions.js` asks.
//
// States: pending, applied, held, rejected, known (sent before), failed (nothing is known of it).

import { formatNumber } from "../format.js";
import { explainReason, explainRefusal } from "./reasons.js";

/** The words for a state on a small label. */
export const LABELS = { pending: "Pending", applied: "Applied", held: "Held", rejected: "Rejected", known: "Counted before", failed: "Not counted" };

const STATES = { pending: "pending", applied: "applied", quarantined: "held", rejected: "rejected", voided: "rejected", failed: "failed" };

const SENT = { state: "pending", line: "Sent; the server has not answered yet", sentence: "" };
const UNANSWERED = { state: "failed", line: "No answer", sentence: "The server cannot be reached. Send the same again: if it arrived, it does not count twice." };

/** Of an action that is on its way. */
export const describeSent = () => SENT;

function writeScores({ previousScore, newScore, leaderboardPosition: rank }) {
  const scores = `${formatNumber(previousScore)} → ${formatNumber(newScore)}`;
  return rank ? `${scores}, rank ${formatNumber(rank)}` : scores;
}

/** Of an action as `GET /api/actions/{actionId}` has it, or as it is in a 409. */
export function describeRecord(record) {
  const state = STATES[record.status] ?? "pending";
  if (state === "applied") return { state, line: writeScores(record), sentence: "" };
  if (state === "pending") return { state, line: "Stored for good; the result follows", sentence: "" };
  const line = { held: "A moderator decides", rejected: "It does not count", failed: "It could not be processed" }[state];
  return { state, line, sentence: record.reason ? explainReason(record.reason) : "" };
}

function describeDuplicate(details) {
  const result = details?.result ?? {};
  const stored = result.status === "applied" ? `Stored result: ${writeScores(result)}.` : `Stored result: ${LABELS[STATES[result.status]]?.toLowerCase() ?? result.status}.`;
  return { state: "known", line: stored, sentence: explainRefusal({ code: "DUPLICATE_ACTION" }) };
}

/** Of the answer to a POST. */
export function describeAnswer({ status, body }) {
  if (status === 200) return describeRecord({ ...body, status: "applied" });
  if (status === 202) return describeRecord(body);
  const error = body?.error ?? {};
  if (error.code === "DUPLICATE_ACTION") return describeDuplicate(error.details);
  const state = error.code === "FRAUD_DETECTED" || error.code === "BANNED" ? "rejected" : "failed";
  return { state, line: state === "rejected" ? "It does not count" : "Not taken", sentence: explainRefusal(error) };
}

/** Of an attempt without an answer; of one that failed before, as at the login, what was refused. */
export function explainFailure(error) {
  if (!error.code || typeof error.code !== "string") return UNANSWERED;
  return { state: "failed", line: "Not sent", sentence: explainRefusal(error) };
}

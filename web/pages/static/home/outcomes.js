// What an answer about an action means: a state, a line and a sentence. Pure; `actions.js` asks.
//
// States: pending, applied, held, rejected, failed (nothing is known of it); and of one that was sent
// before, known (it counted) and seen (it did not).

import { formatNumber } from "../format.js";
import { explainReason, explainRefusal } from "./reasons.js";

/** The words for a state on a small label. */
export const LABELS = { pending: "Pending", applied: "Applied", held: "Held", rejected: "Rejected", known: "Counted before", seen: "Sent before", failed: "Not counted" };

const STATES = { pending: "pending", applied: "applied", quarantined: "held", rejected: "rejected", voided: "rejected", failed: "failed" };

const SENT = { state: "pending", line: "Sent; the server has not answered yet", sentence: "" };
const UNANSWERED = { state: "failed", line: "No answer", sentence: "The server cannot be reached. Send the same again: if it arrived, it does not count twice." };
const SEEN = "The server knows this action already: sending it again changes nothing.";

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
  if (result.status === "applied") {
    return { state: "known", line: `Stored result: ${writeScores(result)}.`, sentence: explainRefusal({ code: "DUPLICATE_ACTION" }) };
  }
  const line = `Stored result: ${LABELS[STATES[result.status]]?.toLowerCase() ?? result.status}.`;
  return { state: "seen", line, sentence: result.reason ? `${SEEN} ${explainReason(result.reason)}` : SEEN };
}

/** Whether this is of an action that the server had answered before. */
export const isRepetition = ({ state }) => state === "known" || state === "seen";

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

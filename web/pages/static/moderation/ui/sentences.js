// What an error of the API, a status and an act are in words.

import { formatMoment, formatNumber, formatSeconds } from "/assets/format.js";

const STATUSES = { quarantined: "held", pending: "being decided" };
const ACTS = {
  release: "released an action", reject: "rejected an action", retry: "retried an action",
  void: "voided an action", restore: "restored an action", hold: "held an action",
  claim: "claimed the case", unclaim: "ended the claim", close: "closed the case",
  ban: "banned the player", unban: "ended the ban",
  snooze: "snoozed a check", unsnooze: "ended a snooze",
};
const DONE = { release: "Released", reject: "Rejected", void: "Voided", restore: "Restored", hold: "Held", retry: "Retried" };

const wait = (error) => (error.retryAfter ? `Try again in ${formatSeconds(error.retryAfter)}` : "Try again");
const isOwn = (error) => error.message.includes("own account");

// Each begins with what happened; nothing was changed unless it says so.
const SENTENCES = {
  OFFLINE: () => "The server cannot be reached. It is not known whether this was done: look again when it is back, and repeat it if not.",
  UNAUTHORIZED: () => "Your session has ended: sign in again.",
  INVALID_TOKEN: () => "This token is not valid, or it was ended. Sign in again.",
  TOKEN_EXPIRED: () => "The time of this token is over. Sign in again.",
  INVALID_CREDENTIALS: () => "There is no account with this name and this password.",
  CODE_INVALID: () => "This needs a second factor: the code is missing, wrong or used up.",
  SIGNATURE_INVALID: () => "This needs a signature, and the one that came is not good.",
  BANNED: () => "This account is banned.",
  FORBIDDEN: (error) => (isOwn(error)
    ? "Nobody decides on their own account: another moderator must do this."
    : "This account is no moderator's: the role moderator or admin is needed. An operator gives it."),
  NOT_FOUND: () => "There is nothing of this id, or it is archived: what is in an archive cannot be decided on.",
  CASE_CLAIMED: ({ details }) => `Another moderator (${details.by}) has claimed this case until ${formatMoment(details.until)}. Nothing was changed.`,
  CASE_CLOSED: () => "The case is closed: there is nothing to decide in it.",
  CASE_UNDECIDED: () => "The case has held actions: decide on them first, then close it.",
  STATUS_CONFLICT: ({ details }) => `The action is ${nameStatus(details.status)} by now, so this decision does not fit. Nothing was changed.`,
  PRECONDITION_FAILED: () => "Somebody changed this after you had read it. Look at it again, then repeat it.",
  PRECONDITION_REQUIRED: () => "This was sent without the version that you have read. Load the page again.",
  CURSOR_EXPIRED: () => "This page of the list is not kept any more: begin at the first.",
  RATE_LIMIT_EXCEEDED: (error) => `Too many requests in a minute. ${wait(error)}.`,
  SERVICE_UNAVAILABLE: (error) => `Not now: ${error.message}. ${wait(error)}.`,
  INVALID_PAYLOAD: (error) => `Not taken: ${describeFields(error) || error.message}`,
  HISTORY_TOO_LARGE: ({ details }) => `This is too much for one request; an operator does it: ${details.command}`,
  INTERNAL_ERROR: () => "An error of the server, which its log has.",
};

function describeFields({ details }) {
  const fields = Object.entries(details?.fields ?? {});
  return fields.map(([name, problems]) => `${name}: ${[problems].flat().join(" ")}`).join(" ");
}

/** What happened, in a sentence or two, with the request's id where the log is needed. */
export function explain(error) {
  if (!error.code) throw error;
  const words = SENTENCES[error.code]?.(error) ?? `${error.message} (${error.code}).`;
  return error.status >= 500 && error.requestId ? `${words} Request ${error.requestId}.` : words;
}

/** A status in a moderator's words; null is of what is archived, undefined of what is not known. */
export function nameStatus(status) {
  if (status === undefined) return "…";
  return STATUSES[status] ?? status ?? "archived";
}

export const nameAct = (kind) => ACTS[kind] ?? kind;
export const nameDone = (decision) => DONE[decision];

/** `12 min left`, for claims and bans. */
export function describeLeft(until, now = Date.now()) {
  const seconds = Math.floor((new Date(until) - now) / 1000);
  if (seconds <= 0) return "over";
  return seconds < 60 ? "less than a minute left" : `${formatSeconds(seconds - (seconds % 60))} left`;
}

/** Points as a policy has them: whole where they are. */
export function formatPoints(points) {
  return formatNumber(points, Number.isInteger(points) ? 0 : 1);
}

/** `until 3 May 2027, 10:00 (2 d left)`, or `for good`. */
export function describeUntil(until) {
  return until === null ? "for good" : `until ${formatMoment(until)} (${describeLeft(until)})`;
}

// Deciding on actions, one after the other: what fits which status, what takes it back, and what is
// tried again by itself.

import { ApiError, call } from "./api.js";
import { announce } from "./ui/dom.js";

/** Each decision: of which statuses it is taken, and what becomes of the action. */
export const RULES = {
  release: { from: ["quarantined", "rejected"], to: "applied" },
  reject: { from: ["quarantined"], to: "rejected" },
  void: { from: ["applied"], to: "voided" },
  restore: { from: ["voided"], to: "applied" },
  hold: { from: ["applied"], to: "quarantined" },
  // It becomes what the pipeline makes of it now.
  retry: { from: ["failed"], to: null },
};
export const INVERSES = { void: "restore", restore: "void", hold: "release" };

const TRIES = 8;
const LOOKS = 15;
const LOOK_MS = 1000;
// The errors after which the others of a list would fail as well.
const OF_ALL = new Set(["CASE_CLAIMED", "FORBIDDEN", "OFFLINE", "UNAUTHORIZED", "INVALID_TOKEN", "TOKEN_EXPIRED", "INVALID_PAYLOAD"]);
const OF_NOW = new Set(["RATE_LIMIT_EXCEEDED", "SERVICE_UNAVAILABLE"]);

const isReached = (decision, status) => {
  const { to } = RULES[decision];
  return to === null ? status !== "pending" : status === to;
};
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/**
 * Decides on each action; `onOutcome(actionId, {status} or {error})` is told of every one.
 * @returns {Promise<{done: string[], stopped: ApiError | null}>} the ids that were decided, and the
 * error after which the rest was not tried
 */
export async function decideAll(ids, decision, reason, { onOutcome, isStopped = () => false }) {
  const done = [];
  for (const id of ids) {
    if (isStopped()) break;
    try {
      onOutcome(id, { status: await decideOne(id, decision, reason) });
      done.push(id);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      onOutcome(id, { error });
      if (OF_ALL.has(error.code)) return { done, stopped: error };
    }
  }
  return { done, stopped: null };
}

async function decideOne(id, decision, reason) {
  const body = { decision, reason };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const decided = await call("POST", `/api/moderation/actions/${id}/decision`, { body, prefer: "wait=5" });
      return decided.status === "pending" ? await awaitStatus(id, decision) : decided.status;
    } catch (error) {
      // A decision whose answer was lost is told that it fits no more.
      if (error.code === "STATUS_CONFLICT" && attempt > 1 && isReached(decision, error.details.status)) return error.details.status;
      if (!OF_NOW.has(error.code) || attempt === TRIES) throw error;
      const seconds = Math.max(1, error.retryAfter);
      if (error.code === "RATE_LIMIT_EXCEEDED") announce(`Too many requests: going on in ${seconds} s.`);
      await sleep(seconds * 1000);
    }
  }
}

async function awaitStatus(id, decision) {
  for (let look = 0; look < LOOKS; look += 1) {
    await sleep(LOOK_MS);
    const { status } = await call("GET", `/api/moderation/actions/${id}/trace`);
    if (isReached(decision, status)) return status;
  }
  return "pending";
}

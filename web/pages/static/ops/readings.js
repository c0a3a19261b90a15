// What an operator reads off the samples: rates, shares and times, null where nothing is known.

import { mean, quantile } from "./samples.js";

// Long enough that a rate is steady, short enough to see what just happened.
export const WINDOW_SECONDS = 10;

const sum = (counts) => Object.values(counts).reduce((all, one) => all + one, 0);

function share(part, whole) {
  return whole ? part / whole : null;
}

/**
 * Returns the readings at the latest of the samples.
 * @param {import("./samples.js").Samples} samples
 */
export function readSamples(samples) {
  const { numbers } = samples.latest;
  const rate = (read) => {
    const grown = samples.growth(read, WINDOW_SECONDS);
    return grown && grown.by / grown.seconds;
  };
  const lately = (read) => samples.growth(read)?.by ?? 0;
  const seen = (read) => samples.observed(read, WINDOW_SECONDS);
  return {
    ...readActions({ rate, lately, seen }),
    ...readStages(numbers, seen),
    ...readQueue(numbers, lately),
    ...readAnswers({ rate, lately }),
    ...readListeners(numbers, { lately, seen }),
    ...readCaches(numbers, { rate }),
    ...readFraud(numbers, { rate, lately }),
    ...readStores(numbers, lately),
  };
}

function readActions({ rate, lately, seen }) {
  const answered = seen((n) => n.actions.answerSeconds);
  return {
    posted: rate((n) => n.actions.answerSeconds.count),
    applied: rate((n) => n.actions.applied),
    appliedLately: lately((n) => n.actions.applied),
    answerMedian: quantile(answered, 0.5),
    answerSlow: quantile(answered, 0.99),
    batch: mean(seen((n) => n.batches)),
    batches: rate((n) => n.batches.count),
  };
}

function readStages(numbers, seen) {
  const stages = Object.keys(numbers.stages).map((name) => {
    const observed = seen((n) => n.stages[name]);
    return { name, mean: mean(observed), slow: quantile(observed, 0.95), count: observed.count };
  });
  const known = stages.filter((stage) => stage.mean !== null);
  return { stages, chain: known.length ? known.reduce((all, stage) => all + stage.mean, 0) : null };
}

function readQueue(numbers, lately) {
  // Health has just looked; the metric is what the keeper said last, also when that is away.
  const waits = numbers.health.parts.queueAge ?? {};
  return {
    queueAge: waits.seconds ?? numbers.queue.ageSeconds,
    oldest: waits.oldestSeconds ?? null,
    queues: Object.entries(numbers.queue.lengths),
    queued: sum(numbers.queue.lengths),
    helped: lately((n) => (n.queue.recoveries.resubmit ?? 0) + (n.queue.recoveries.run ?? 0)),
    isolated: lately((n) => n.queue.recoveries.isolate ?? 0),
    failures: lately((n) => n.backgroundFailures),
  };
}

function readAnswers({ rate, lately }) {
  const answered = rate((n) => n.requests.answered);
  const failed = rate((n) => n.requests.failed);
  return {
    answered,
    failed,
    refused: rate((n) => n.requests.refused),
    limited: rate((n) => n.requests.limited),
    failedShare: share(failed, answered),
    failedLately: lately((n) => n.requests.failed),
    answeredLately: lately((n) => n.requests.answered),
  };
}

function readListeners(numbers, { lately, seen }) {
  return {
    listeners: numbers.listeners.open,
    listenersEnded: lately((n) => n.listeners.closed),
    listenersTooSlow: lately((n) => n.listeners.tooSlow),
    fanOut: quantile(seen((n) => n.listeners.fanOutSeconds), 0.99),
  };
}

function readCaches(numbers, { rate }) {
  const hits = (cache) => {
    const hit = rate((n) => n.caches[cache]?.hit ?? 0);
    return share(hit, hit + rate((n) => n.caches[cache]?.miss ?? 0));
  };
  return { topHits: hits("top"), userHits: hits("user") };
}

function readFraud(numbers, { rate, lately }) {
  const verdicts = ["pass", "quarantine", "reject"];
  const [passed, held, rejected] = verdicts.map((verdict) => rate((n) => n.fraud.verdicts[verdict] ?? 0));
  const [passedLately, heldLately, rejectedLately] = verdicts.map((verdict) => lately((n) => n.fraud.verdicts[verdict] ?? 0));
  const reasons = Object.keys(numbers.fraud.reasons)
    .map((reason) => [reason, lately((n) => n.fraud.reasons[reason] ?? 0)])
    .filter(([, count]) => count)
    .sort(([, one], [, other]) => other - one);
  return { passed, held, rejected, passedLately, heldLately, rejectedLately, reasons, heldNow: numbers.actions.held };
}

function readStores(numbers, lately) {
  const pools = Object.entries(numbers.database.size).map(([name, size]) => ({ name, size, inUse: numbers.database.inUse[name] ?? 0 }));
  return {
    breakersOpen: numbers.redis.breakersOpen,
    redisErrors: lately((n) => n.redis.errors),
    breakerOpenings: lately((n) => n.redis.breakerOpenings),
    pools,
    poolShare: Math.max(0, ...pools.map((pool) => share(pool.inUse, pool.size) ?? 0)),
    poolInUse: pools.reduce((all, pool) => all + pool.inUse, 0),
  };
}

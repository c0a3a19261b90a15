// The numbers of one instance over the last ten minutes, and how much a counter grew in them.

export const KEPT_SECONDS = 600;

// Longer without an answer is a hole in the lines. What counters grew by in it is known.
const HOLE_SECONDS = 15;

export class Samples {
  #kept = [];
  /** When the counters last began again, in milliseconds; null if never. */
  restartedAt = null;

  get latest() {
    return this.#kept.at(-1) ?? null;
  }

  /**
   * Keeps an answer; returns false for one that is there already or older.
   * @param {object} numbers the answer of /api/ops/metrics
   */
  add(numbers) {
    const at = Date.parse(numbers.at) / 1000;
    if (!(at > (this.latest?.at ?? 0))) return false;
    const before = this.latest;
    // One that falls was begun again, and what it had before is not known: all are.
    const isRestart = before !== null && sumOf(numbers) < sumOf(before.numbers);
    if (isRestart) this.restartedAt = at * 1000;
    this.#kept.push({ at, numbers, follows: before !== null && !isRestart });
    while (this.#kept[0].at < at - KEPT_SECONDS) this.#kept.shift();
    this.#kept[0].follows = false;
    return true;
  }

  /** The answers that are kept, the oldest first. */
  get answers() {
    return this.#kept.map(({ numbers }) => numbers);
  }

  /** Whether nothing is known of the time before the latest. */
  get isAfterHole() {
    const before = this.#kept.at(-2);
    return before !== undefined && (!this.latest.follows || this.latest.at - before.at > HOLE_SECONDS);
  }

  /**
   * How much a counter grew, and in how many seconds of what is known; null without any.
   * @param {(numbers: object) => number} read
   * @param {number} [seconds] how far to look back
   */
  growth(read, seconds = KEPT_SECONDS) {
    const grown = { by: 0, seconds: 0 };
    for (const [before, after] of this.#pairs(seconds)) {
      grown.by += Math.max(0, read(after.numbers) - read(before.numbers));
      grown.seconds += after.at - before.at;
    }
    return grown.seconds > 0 ? grown : null;
  }

  /** What was observed in the last seconds by a histogram: its count, sum and counts by bound. */
  observed(read, seconds) {
    const seen = { count: 0, sum: 0, bounds: read(this.latest.numbers)?.bounds ?? [], atMost: [] };
    seen.atMost = seen.bounds.map(() => 0);
    for (const [before, after] of this.#pairs(seconds)) {
      const [first, last] = [read(before.numbers), read(after.numbers)];
      if (!first || !last) continue;
      seen.count += last.count - first.count;
      seen.sum += last.sum - first.sum;
      seen.atMost = seen.atMost.map((count, n) => count + (last.atMost[n] ?? 0) - (first.atMost[n] ?? 0));
    }
    return seen;
  }

  *#pairs(seconds) {
    const since = (this.latest?.at ?? 0) - seconds;
    for (let n = 1; n < this.#kept.length; n += 1) {
      const [before, after] = [this.#kept[n - 1], this.#kept[n]];
      if (after.follows && after.at > since) yield [before, after];
    }
  }
}

// Counters that every process has: less in all than before is a process that is counted no more.
function sumOf(numbers) {
  const stages = Object.values(numbers.stages).reduce((sum, stage) => sum + stage.count, 0);
  return numbers.requests.answered + stages + numbers.actions.applied + numbers.listeners.closed;
}

/** The value below which the share of what was observed lies; null when nothing was. */
export function quantile(seen, share) {
  if (!seen.count) return null;
  const wanted = share * seen.count;
  const place = seen.atMost.findIndex((count) => count >= wanted);
  // Above the last bound nothing more is known than that.
  if (place < 0) return seen.bounds.at(-1) ?? null;
  const [below, low] = place ? [seen.atMost[place - 1], seen.bounds[place - 1]] : [0, 0];
  const within = (wanted - below) / (seen.atMost[place] - below || 1);
  return low + within * (seen.bounds[place] - low);
}

/** The mean of what was observed; null when nothing was. */
export function mean(seen) {
  return seen.count ? seen.sum / seen.count : null;
}

// What has happened between two states of a board's first rows, as lines of the feed.

import { session } from "./looking.js";

/**
 * Tells `feed` who gained or lost between `before` and `after`, and who leads. `moved` knows where
 * some were who come into view.
 */
export function tellNews(feed, before, after, { decimals, moved }) {
  const known = new Map(before.map((row) => [row.userId, row]));
  const changed = after.filter((row) => known.get(row.userId)?.score !== row.score).reverse();
  for (const { userId, username, score, rank } of changed) {
    const old = known.get(userId);
    const increase = old ? score - old.score : null;
    feed.tell({ username, increase, rank, previousRank: old?.rank ?? moved.get(userId)?.from ?? null, at: Date.now(), isOwn: userId === session.userId, decimals });
  }
  feed.lead(after[0], decimals);
}

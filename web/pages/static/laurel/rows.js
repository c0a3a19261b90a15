// @ts-check
// The rows of a board: a snapshot, and the diffs that lead from it to the next one.

/**
 * A row as the API writes it; boards with shared ranks and tie-breakers have `index` and `columns`.
 *
 * @typedef {object} Row
 * @property {string} userId
 * @property {string} username
 * @property {number} score
 * @property {number} rank
 * @property {string | null} [lastUpdate]
 * @property {number} [index]
 * @property {number[]} [columns]
 */

/** Where a player was, in the rows or behind them, and is, by rank; null where that is not known. */
/** @typedef {{ from: number | null, to: number | null }} Move */

// Ranks may be shared; then each row has an index too.
/** @param {Row} row */
const placeOf = (row) => row.index ?? row.rank;

/**
 * Returns the next rows: without what was removed, with what has changed, in order.
 *
 * @param {Row[]} rows
 * @param {{ changes: any[], removed: string[] }} diff
 * @returns {Row[]}
 */
export function applyDiff(rows, { changes, removed }) {
  const gone = new Set([...removed, ...changes.map((change) => change.userId)]);
  const changed = changes.map(({ newRank, previousRank, ...row }) => ({ ...row, rank: newRank }));
  return [...rows.filter((row) => !gone.has(row.userId)), ...changed].sort((one, other) => placeOf(one) - placeOf(other));
}

/**
 * Returns who came, went, or has another rank or score.
 *
 * @param {Row[]} before
 * @param {Row[]} after
 * @returns {Map<string, Move>}
 */
export function findMoves(before, after) {
  const rows = new Map(before.map((row) => [row.userId, row]));
  /** @type {Map<string, Move>} */
  const moves = new Map();
  for (const row of after) {
    const old = rows.get(row.userId);
    rows.delete(row.userId);
    if (old?.rank !== row.rank || old?.score !== row.score) moves.set(row.userId, { from: old?.rank ?? null, to: row.rank });
  }
  for (const old of rows.values()) moves.set(old.userId, { from: old.rank, to: null });
  return moves;
}

/**
 * Returns who moves by a diff. The server knows where who is new among the rows was before.
 *
 * @param {Row[]} rows
 * @param {{ changes: any[], removed: string[] }} diff
 * @returns {Map<string, Move>}
 */
export function readMoves(rows, { changes, removed }) {
  const ranks = new Map(rows.map((row) => [row.userId, row.rank]));
  const from = (/** @type {string} */ userId) => ranks.get(userId) ?? null;
  /** @type {Map<string, Move>} */
  const moves = new Map(removed.map((userId) => [userId, { from: from(userId), to: null }]));
  for (const { userId, newRank, previousRank } of changes) moves.set(userId, { from: previousRank ?? from(userId), to: newRank });
  return moves;
}

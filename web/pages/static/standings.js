// Standings as they come from the API or over the socket, and the rows of the table.

const TOP = 10;

// Ranks may be shared; then each row has an index too.
const placeOf = (row) => row.index ?? row.rank;

export class Standings {
  constructor() {
    Object.assign(this, { epoch: null, seq: 0, rows: [], total: 0 });
  }

  take(snapshot) {
    const { epoch = null, seq = 0, leaderboard: rows, totalUsers: total } = snapshot;
    Object.assign(this, { epoch, seq, rows: rows.slice(0, TOP), total });
  }

  // Returns the players who moved; null when something was missed before.
  change(event) {
    if (event.epoch !== this.epoch || event.from !== this.seq) return null;
    const moved = new Set(event.changes.map((change) => change.userId));
    const gone = new Set([...event.removed, ...moved]);
    const kept = this.rows.filter((row) => !gone.has(row.userId));
    const changed = event.changes.map((change) => ({ ...change, rank: change.newRank }));
    this.rows = [...kept, ...changed].sort((one, other) => placeOf(one) - placeOf(other)).slice(0, TOP);
    Object.assign(this, { seq: event.seq, total: event.totalUsers });
    return moved;
  }
}

function makeCell(name, value) {
  const cell = document.createElement("td");
  cell.className = name;
  cell.textContent = value;
  return cell;
}

// A name keeps its direction, and the table its own.
function makeName(username) {
  const cell = makeCell("player", "");
  const name = document.createElement("bdi");
  name.textContent = username;
  cell.append(name);
  return cell;
}

function makeLine(row, { ownId, moved, format, columns }) {
  const line = document.createElement("tr");
  line.classList.toggle("own", row.userId === ownId);
  line.classList.toggle("moved", moved.has(row.userId));
  const more = columns.map((name, index) => makeCell("score", (row.columns?.[index] ?? "–").toLocaleString()));
  line.append(makeCell("rank", row.rank), makeName(row.username), makeCell("score", format(row.score)), ...more);
  return line;
}

function makeGap(columns) {
  const line = document.createElement("tr");
  line.className = "gap";
  const cell = makeCell("", "⋯");
  cell.colSpan = 3 + columns.length;
  line.append(cell);
  return line;
}

// Draws the first rows and, behind a gap, those around one's own that are not among them.
export function drawTable(table, rows, around, { ownId, moved = new Set(), format = String, columns = [] }) {
  const shown = new Set(rows.map((row) => row.userId));
  const rest = around.filter((row) => !shown.has(row.userId));
  const how = { ownId, moved, format, columns };
  const lines = [...rows, ...rest].map((row) => makeLine(row, how));
  const isApart = rest.length > 0 && rest[0].rank > rows.length + 1;
  if (isApart) lines.splice(rows.length, 0, makeGap(columns));
  table.tBodies[0].replaceChildren(...lines);
  const heads = columns.map((name) => {
    const head = document.createElement("th");
    Object.assign(head, { scope: "col", className: "score more", textContent: name });
    return head;
  });
  for (const head of table.tHead.querySelectorAll(".more")) head.remove();
  table.tHead.rows[0].append(...heads);
}

export function describeTotal(total) {
  return total === 1 ? "1 player" : `${total.toLocaleString()} players`;
}

// The live leaderboard: a guest's login, the board over the socket, and a button that plays.
"use strict";

const STORED_GUEST = "laurel-guest";
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15000;
const TOP = 10;

const byId = (id) => document.getElementById(id);

const session = { token: null, refreshToken: null, userId: null };
const board = { epoch: null, seq: 0, rows: [], total: 0 };
let retryMs = FIRST_RETRY_MS;

function show(state, text) {
  byId("state").dataset.state = state;
  byId("state-text").textContent = text;
}

function randomHex(bytes) {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(values, (value) => value.toString(16).padStart(2, "0")).join("");
}

// crypto.randomUUID exists on https and localhost only.
function makeActionId() {
  const hex = randomHex(16);
  const variant = "89ab"[parseInt(hex[16], 16) % 4];
  return [hex.slice(0, 8), hex.slice(8, 12), "4" + hex.slice(13, 16), variant + hex.slice(17, 20), hex.slice(20)].join("-");
}

async function call(method, path, body, token) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, retryAfter: Number(answer.headers.get("Retry-After")) || 0, body: text ? JSON.parse(text) : null };
}

function remember(login) {
  Object.assign(session, { token: login.accessToken, refreshToken: login.refreshToken });
  if (login.userId) {
    session.userId = login.userId;
    byId("name").textContent = login.username;
  }
}

function readGuest() {
  try {
    return JSON.parse(localStorage.getItem(STORED_GUEST));
  } catch {
    return null;
  }
}

async function logIn() {
  const stored = readGuest();
  if (stored) {
    const login = await call("POST", "/api/auth/login", stored);
    if (login.status === 200) return remember(login.body);
    if (login.status !== 401) throw new Error(login.body.error.message);
  }
  const guest = { username: `guest-${randomHex(4)}`, password: randomHex(16) };
  const registered = await call("POST", "/api/auth/register", guest);
  if (registered.status !== 201) throw new Error(registered.body.error.message);
  localStorage.setItem(STORED_GUEST, JSON.stringify(guest));
  return remember(registered.body);
}

let refreshing = null;

// A refresh token is used once: calls that need a new access token at the same time share one.
function refreshToken() {
  refreshing ??= askForToken().finally(() => { refreshing = null; });
  return refreshing;
}

async function askForToken() {
  const refreshed = await call("POST", "/api/auth/refresh", { refreshToken: session.refreshToken });
  if (refreshed.status === 200) return remember(refreshed.body);
  return logIn();
}

// Calls with the access token; once with a new one when the first has ended.
async function callAsPlayer(method, path, body) {
  const answer = await call(method, path, body, session.token);
  if (answer.status !== 401) return answer;
  await refreshToken();
  return call(method, path, body, session.token);
}

function draw(moved) {
  const rows = board.rows.map((row) => {
    const line = document.createElement("tr");
    line.classList.toggle("own", row.userId === session.userId);
    line.classList.toggle("moved", moved.has(row.userId));
    for (const [name, value] of [["rank", row.rank], ["player", row.username], ["score", row.score.toLocaleString()]]) {
      const cell = document.createElement("td");
      cell.className = name;
      cell.textContent = value;
      line.append(cell);
    }
    return line;
  });
  byId("rows").replaceChildren(...rows);
  byId("empty").hidden = rows.length > 0;
  byId("total").textContent = board.total === 1 ? "1 player" : `${board.total.toLocaleString()} players`;
  // Others move one too; beyond the top only one's own actions tell.
  const own = board.rows.find((row) => row.userId === session.userId);
  if (own) showOwn(own.score, own.rank);
}

function showOwn(score, rank) {
  if (score !== null && score !== undefined) byId("own-score").textContent = score.toLocaleString();
  byId("own-rank").textContent = rank ?? "–";
}

const events = {
  snapshot(event) {
    if (event.you) showOwn(event.you.score, event.you.rank);
    if (event.channel !== "leaderboard") return;
    Object.assign(board, { epoch: event.epoch, seq: event.seq, rows: event.leaderboard, total: event.totalUsers });
    draw(new Set());
  },
  leaderboard_changed(event, socket) {
    if (event.epoch !== board.epoch || event.from !== board.seq) return subscribe(socket);
    const gone = new Set([...event.removed, ...event.changes.map((change) => change.userId)]);
    const kept = board.rows.filter((row) => !gone.has(row.userId));
    const changed = event.changes.map((change) => ({ ...change, rank: change.newRank }));
    board.rows = [...kept, ...changed].sort((one, other) => one.rank - other.rank).slice(0, TOP);
    Object.assign(board, { seq: event.seq, total: event.totalUsers });
    draw(new Set(event.changes.map((change) => change.userId)));
  },
  score_updated(event) {
    if (event.userId === session.userId) showOwn(event.newScore, event.newRank);
  },
  user_position_changed(event) {
    if (event.userId === session.userId) showOwn(event.newScore, event.newRank);
  },
  async auth_expiring(_event, socket) {
    await refreshToken();
    socket.send(JSON.stringify({ op: "auth", id: 2, token: session.token }));
  },
  going_away(event) {
    retryMs = event.retryAfterMs;
  },
};

function subscribe(socket) {
  socket.send(JSON.stringify({ op: "subscribe", id: 1, channel: "leaderboard", limit: TOP }));
}

function comeBack(why) {
  show("lost", `${why}, trying again…`);
  setTimeout(listen, retryMs * (0.75 + Math.random() / 2));
  retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
}

// Shows the board before the socket is open, and when it cannot be opened.
async function drawOnce() {
  const answer = await callAsPlayer("GET", `/api/leaderboard?limit=${TOP}`);
  if (answer.status !== 200) return;
  Object.assign(board, { rows: answer.body.leaderboard, total: answer.body.totalUsers });
  draw(new Set());
}

async function listen() {
  show("connecting", "Connecting…");
  try {
    if (!session.token) await logIn();
    byId("post").disabled = false;
    if (board.epoch === null) await drawOnce();
    const ticket = await callAsPlayer("POST", "/api/realtime/ticket");
    if (ticket.status !== 201) throw new Error(ticket.body.error.message);
    open(ticket.body);
  } catch (error) {
    comeBack(error.message || "No connection");
  }
}

function open(ticket) {
  const socket = new WebSocket(ticket.url, ["laurel.v1", `ticket.${ticket.ticket}`]);
  socket.onopen = () => {
    retryMs = FIRST_RETRY_MS;
    show("live", "Live");
    subscribe(socket);
  };
  socket.onmessage = (message) => {
    const event = JSON.parse(message.data);
    events[event.event]?.(event, socket);
  };
  socket.onclose = (event) => {
    if (event.code >= 4500) return show("lost", "The server asks not to come back");
    return comeBack("Connection lost");
  };
}

function describe(answer) {
  const { status, body } = answer;
  if (status === 200) return ["good", `Applied: ${body.previousScore} → ${body.newScore}`];
  if (status === 202) return ["waiting", body.status === "quarantined" ? "Held for review" : "Accepted, the result follows"];
  const reason = body.error.details?.reason;
  return ["bad", reason ? `${body.error.message}: ${reason}` : body.error.message];
}

async function play() {
  byId("post").disabled = true;
  const action = {
    actionId: makeActionId(),
    score: Number(byId("points").value),
    timestamp: new Date().toISOString(),
    metadata: { actionType: "page_button" },
  };
  try {
    const answer = await callAsPlayer("POST", "/api/actions/complete", action);
    const [mood, line] = describe(answer);
    byId("answer-line").className = mood;
    byId("answer-line").textContent = `${answer.status} · ${line}`;
    byId("answer").textContent = JSON.stringify(answer.body, null, 2);
    byId("answer").hidden = false;
    if (answer.status === 200) showOwn(answer.body.newScore, answer.body.leaderboardPosition);
  } catch {
    byId("answer-line").className = "bad";
    byId("answer-line").textContent = "The server could not be reached";
  } finally {
    byId("post").disabled = false;
  }
}

byId("points").addEventListener("input", () => { byId("points-value").textContent = byId("points").value; });
byId("post").addEventListener("click", play);
listen();

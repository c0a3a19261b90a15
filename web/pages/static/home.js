// The page: the board of all time over the socket, the other boards' tabs, and a button that plays.

import { boards } from "./boards.js";
import { follow, followAgain, hear, start } from "./live.js";
import { callAsPlayer, randomHex, session } from "./player.js";
import { Standings } from "./standings.js";

const TOP = 10;
const CHANNEL = "leaderboard";

const byId = (id) => document.getElementById(id);
const allTime = new Standings();

function show(state, text) {
  byId("state").dataset.state = state;
  byId("state-text").textContent = text;
}

// crypto.randomUUID exists on https and localhost only.
function makeActionId() {
  const hex = randomHex(16);
  const variant = "89ab"[parseInt(hex[16], 16) % 4];
  return [hex.slice(0, 8), hex.slice(8, 12), "4" + hex.slice(13, 16), variant + hex.slice(17, 20), hex.slice(20)].join("-");
}

function draw(moved) {
  boards.drawAllTime(allTime, moved);
  // Others move one too; beyond the top only one's own actions tell.
  const own = allTime.rows.find((row) => row.userId === session.userId);
  if (own) showOwn(own.score, own.rank);
}

function showOwn(score, rank) {
  if (score !== null && score !== undefined) byId("own-score").textContent = score.toLocaleString();
  byId("own-rank").textContent = rank ?? "–";
}

function moveOwn(event) {
  if (event.userId === session.userId) showOwn(event.newScore, event.newRank);
}

function showYou(event) {
  if (event.you) showOwn(event.you.score, event.you.rank);
}

const ofAllTime = {
  snapshot(event) {
    showYou(event);
    allTime.take(event);
    draw(new Set());
  },
  leaderboard_changed(event) {
    const moved = allTime.change(event);
    if (moved === null) followAgain(CHANNEL);
    else draw(moved);
  },
  score_updated: moveOwn,
};

const ofOneself = { snapshot: showYou, score_updated: moveOwn, user_position_changed: moveOwn };

// Shows the board before the socket is open, and when it cannot be opened.
async function prepare() {
  byId("name").textContent = session.username;
  byId("post").disabled = false;
  boards.start();
  if (allTime.epoch !== null) return;
  const answer = await callAsPlayer("GET", `/api/leaderboard?limit=${TOP}`);
  if (answer.status !== 200) return;
  allTime.take(answer.body);
  draw(new Set());
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
    const answer = await callAsPlayer("POST", "/api/actions/complete", { body: action });
    const [mood, line] = describe(answer);
    byId("answer-line").className = mood;
    byId("answer-line").textContent = `${answer.status} · ${line}`;
    byId("answer").textContent = JSON.stringify(answer.body, null, 2);
    byId("answer").hidden = false;
    if (answer.status === 200) showOwn(answer.body.newScore, answer.body.leaderboardPosition);
    boards.refresh();
  } catch {
    byId("answer-line").className = "bad";
    byId("answer-line").textContent = "The server could not be reached";
  } finally {
    byId("post").disabled = false;
  }
}

byId("points").addEventListener("input", () => { byId("points-value").textContent = byId("points").value; });
byId("post").addEventListener("click", play);
hear("user:self", ofOneself);
follow(CHANNEL, ofAllTime, { limit: TOP });
start(show, prepare);

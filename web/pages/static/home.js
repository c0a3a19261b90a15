// The page: the boards and their feed, the connection's state, and a round that plays on them.

import { Boards } from "./boards.js";
import { byId } from "./dom.js";
import { formatNumber } from "./format.js";
import { startAccount } from "./home/account.js";
import { Actions } from "./home/actions.js";
import { drawActions } from "./home/answers.js";
import { Feed } from "./home/feed.js";
import { startPad } from "./home/pad.js";
import { laurel, session } from "./home/looking.js";
import { Past } from "./home/past.js";
import { Rows } from "./home/rows.js";

// No action may bring so much.
const CHEATED_POINTS = 1_000_000;

function readServerRows() {
  if (!byId("note").hidden) return null;
  const rows = [...byId("rows").rows].map((line, index) => ({
    userId: line.dataset.user,
    username: line.querySelector("bdi").textContent,
    score: Number(line.dataset.score),
    rank: index + 1,
  }));
  return { rows, totalUsers: Number(byId("total").dataset.total) };
}

function showOwn({ score, rank }) {
  byId("own-score").textContent = formatNumber(score);
  byId("own-rank").textContent = formatNumber(rank);
}

const standings = readServerRows();
const feed = new Feed({ list: byId("feed"), empty: byId("feed-empty"), spoken: byId("feed-spoken") });
const rows = new Rows(byId("table"));
const past = new Past((userId, seen) => rows.redrawLine(userId, seen));
const boards = new Boards({ rows, feed, past, showOwn });
const actions = new Actions(laurel, () => session.becomeGuest(), (told) => {
  drawActions(told);
  if (told.status === 200 && told.body.newScore !== undefined && told.body.leaderboardPosition !== undefined) {
    showOwn({ score: told.body.newScore, rank: told.body.leaderboardPosition });
    boards.refresh();
  }
});

laurel.on("state", ({ state, text }) => {
  byId("state").dataset.state = state;
  byId("state-text").textContent = text;
});
laurel.own.on("change", ({ you }) => you && showOwn(you));
laurel.own.on("event", (event) => actions.hear(event));
let userId = session.userId;
session.on("change", () => {
  // A new name changes nothing else.
  if (session.userId === userId) return;
  // Who becomes a guest is in the midst of the first action.
  if (userId !== null) actions.forget();
  userId = session.userId;
  showOwn({ score: null, rank: null });
  boards.changeUser();
});

startAccount();
startPad(({ points, reactions }) => actions.send(points, { actionType: "reaction_round", reactionMs: reactions }));
byId("again").addEventListener("click", () => actions.hasSent && actions.sendAgain());
byId("cheat").addEventListener("click", () => actions.send(CHEATED_POINTS, { actionType: "reaction_round" }));
boards.start(standings);
laurel.start();

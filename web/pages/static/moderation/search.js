// Finding a player: by how the name begins, or by the id of a player, an action or a case.

import { call } from "./api.js";
import { announce, byId, clone, fill, keepInStep, say } from "./ui/dom.js";
import { describeUntil, explain } from "./ui/sentences.js";
import { formatCount, formatNumber } from "/assets/format.js";

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NOTHING = "There is no player, action or case of this id.";

let name = "";
let found = [];
let next = null;
let go = () => {};

/** `open` is called with the address of what was found by an id. */
export function startSearch(open) {
  go = open;
  byId("search").addEventListener("submit", (event) => { event.preventDefault(); look(); });
  byId("more-players").addEventListener("click", () => read(next));
  byId("search-clear").addEventListener("click", close);
}

async function look() {
  const text = byId("search-text").value.trim();
  say(byId("search-problem"), text ? null : "Write how a name begins, or an id.");
  if (!text) return;
  if (ID.test(text)) await lookById(text.toLowerCase());
  else {
    name = text;
    found = [];
    await read(null);
  }
}

async function lookById(id) {
  const places = [["users", id, "player"], ["actions", `${id}/trace`, "action"], ["cases", id, "case"]];
  for (const [kind, path, word] of places) {
    try {
      await call("GET", `/api/moderation/${kind}/${path}`);
      close();
      return go(`#${word}/${id}`);
    } catch (error) {
      if (error.status !== 404) return say(byId("search-problem"), explain(error));
    }
  }
  say(byId("search-problem"), NOTHING);
}

async function read(cursor) {
  const asked = name;
  const query = new URLSearchParams({ name, limit: 20, ...(cursor && { cursor }) });
  try {
    const page = await call("GET", `/api/moderation/users?${query}`);
    if (asked !== name) return;
    found = [...found, ...page.users];
    next = page.nextCursor;
    draw();
  } catch (error) {
    say(byId("search-problem"), explain(error));
  }
}

function draw() {
  say(byId("search-problem"), null);
  byId("found").hidden = false;
  byId("more-players").hidden = next === null;
  keepInStep(byId("players"), found, { key: (player) => player.userId, make: () => clone("player-row"), update: drawPlayer });
  const words = found.length ? `${formatCount(found.length, "player")}${next ? ", and more" : ""} found.` : "No player's name begins so.";
  say(byId("found-words"), words);
  announce(words);
}

function drawPlayer(row, player) {
  row.querySelector("a").href = `#player/${player.userId}`;
  fill(row, {
    name: player.username,
    score: `${formatNumber(player.score)} points`,
    ban: player.ban ? `banned ${describeUntil(player.ban.until)}` : null,
    case: player.caseId ? "has an open case" : null,
  });
}

function close() {
  byId("found").hidden = true;
  say(byId("search-problem"), null);
}

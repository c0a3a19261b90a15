// The player whom the page shows, with the case if there is one: read from the API, and told to the
// parts that draw it.

import { call } from "./api.js";
import { byId, say } from "./ui/dom.js";
import { explain } from "./ui/sentences.js";

const listeners = [];
let place = null;
let view = null;
let reading = 0;

/** What is shown: `{player, case}`, `case` null for a player who has none; null for nobody. */
export const current = () => view;

/** `listener(view, isNew)` draws; `isNew` when it is of another player than before. */
export function onVisit(listener) {
  listeners.push(listener);
}

/** Shows a case (`{caseId}`), a player (`{userId}`), or nobody (null); throws nothing. */
export function visit(wanted) {
  place = wanted;
  view = null;
  byId("dossier-body").hidden = true;
  say(byId("dossier-problem"), null);
  say(byId("dossier-empty"), wanted ? "Reading…" : "Choose a case of the queue, or search for a player.");
  return wanted ? refreshVisit() : Promise.resolve(true);
}

/** Reads it again; returns whether the server has answered, and says what went wrong. */
export async function refreshVisit() {
  if (!place) return true;
  const mine = ++reading;
  try {
    const found = await read(place);
    if (mine === reading) tell(found);
    return true;
  } catch (error) {
    if (mine === reading) fail(error);
    return error.code !== "OFFLINE";
  }
}

async function read({ caseId, userId }) {
  let found = caseId ? await readCase(caseId) : null;
  const player = await call("GET", `/api/moderation/users/${userId ?? found.userId}`);
  if (player.caseId && player.caseId !== found?.caseId && (!found || !caseId)) found = await readCase(player.caseId);
  return { player, case: found };
}

function readCase(caseId) {
  return call("GET", `/api/moderation/cases/${encodeURIComponent(caseId)}`);
}

function tell(found) {
  const isNew = view?.player.userId !== found.player.userId;
  view = found;
  // A case that is decided is closed: it stays in view.
  if (found.case) place = { caseId: found.case.caseId };
  say(byId("dossier-empty"), null);
  say(byId("dossier-problem"), null);
  byId("dossier-body").hidden = false;
  for (const listener of listeners) listener(view, isNew);
}

function fail(error) {
  if (!view) say(byId("dossier-empty"), null);
  say(byId("dossier-problem"), explain(error));
}

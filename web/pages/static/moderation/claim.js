// Who decides in the case: claimed for half an hour, renewed, ended; and the case closed.

import { call } from "./api.js";
import { byId, say } from "./ui/dom.js";
import { askReason } from "./ui/dialogs.js";
import { explain } from "./ui/sentences.js";
import { describeClaim } from "./queue.js";
import { showDone } from "./ui/undo.js";
import { current, refreshVisit } from "./visit.js";

let tellChanged = () => {};

export function startClaims(onChanged) {
  tellChanged = onChanged;
  byId("claim").addEventListener("click", () => attempt("POST", "The case is yours for half an hour."));
  byId("unclaim").addEventListener("click", () => attempt("DELETE", "You have given the case back."));
  byId("close-case").addEventListener("click", askToClose);
}

export function drawClaim({ case: found }, isNew) {
  if (isNew) say(byId("claim-problem"), null);
  const isOpen = found?.state === "open";
  byId("claim-bar").hidden = !isOpen;
  if (!isOpen) return;
  const words = describeClaim(found.claim) ?? "claimed by nobody";
  say(byId("claim-words"), `${words[0].toUpperCase()}${words.slice(1)}.`);
  byId("claim").textContent = found.claim?.isMine ? "Renew the claim" : "Claim";
  byId("unclaim").hidden = !found.claim?.isMine;
}

/** The time that is left, while nothing is read. */
export function tickClaim() {
  if (current()) drawClaim(current(), false);
}

/** Claims the case, or gives it back when it is one's own. */
export function claimByKey() {
  const found = current()?.case;
  if (found?.state !== "open") return;
  if (found.claim?.isMine) attempt("DELETE", "You have given the case back.");
  else attempt("POST", "The case is yours for half an hour.");
}

async function attempt(method, words) {
  const { case: found } = current();
  say(byId("claim-problem"), null);
  try {
    await call(method, `/api/moderation/cases/${found.caseId}/claim`);
    if (document.activeElement === byId("unclaim")) byId("claim").focus();
    await changed();
    showDone(words);
  } catch (error) {
    say(byId("claim-problem"), explain(error));
    await refreshVisit();
  }
}

function askToClose() {
  const { player, case: found } = current();
  askReason({
    title: `Close the case of ${player.username}?`,
    words: "Appeals that wait for an answer are declined.",
    label: "Close the case",
  }, async (reason) => {
    await call("POST", `/api/moderation/cases/${found.caseId}/close`, { body: { reason } });
    await changed();
    showDone("The case is closed.");
  });
}

async function changed() {
  await refreshVisit();
  tellChanged();
}

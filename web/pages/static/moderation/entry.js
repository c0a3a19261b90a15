// Signing in: with a name and a password, or with a token. Only who may moderate comes further.

import { oneAtATime } from "../dom.js";
import { byId, say } from "./ui/dom.js";
import { isSignedIn, onSessionEnd, signIn, signOut, signedInAs, useToken } from "./api.js";
import { explain } from "./ui/sentences.js";

const ENDED = "Your session has ended: sign in again. What you typed is kept.";

let enter = () => {};
let leave = () => {};

/** `onEnter` is called when somebody has come in, `onLeave` when the session is over. */
export function startEntry({ onEnter, onLeave }) {
  [enter, leave] = [onEnter, onLeave];
  byId("sign-in").addEventListener("submit", (event) => take(event, withPassword));
  byId("token-form").addEventListener("submit", (event) => take(event, withToken));
  byId("sign-out").addEventListener("click", goOut);
  onSessionEnd(() => showEntry(ENDED));
  if (isSignedIn()) showWork();
  else showEntry(null);
}

function withPassword() {
  return signIn(byId("username").value, byId("password").value);
}

function withToken() {
  return useToken(byId("token").value.trim().replace(/^bearer\s+/i, ""));
}

function take(event, enterBy) {
  event.preventDefault();
  return oneAtATime(event.target.querySelector("button"), async () => {
    say(byId("entry-problem"), null);
    try {
      await enterBy();
      byId("password").value = "";
      byId("token").value = "";
      showWork();
      // The form with the focus is gone.
      byId("queue-title").focus();
    } catch (error) {
      say(byId("entry-problem"), explain(error));
    }
  });
}

function showWork() {
  byId("entry").hidden = true;
  byId("work").hidden = false;
  byId("who").hidden = false;
  say(byId("who-name"), signedInAs() ?? "by a token");
  enter();
}

function showEntry(problem) {
  leave();
  byId("work").hidden = true;
  byId("who").hidden = true;
  byId("entry").hidden = false;
  say(byId("entry-problem"), problem);
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  byId("username").focus();
}

async function goOut() {
  await signOut();
  // Whatever was shown is gone with the page.
  location.replace("/moderation");
}

// The dialog that asks for a reason before something is done. It stays open, with what was typed,
// until it is done; what went wrong is said in it.

import { oneAtATime } from "../../dom.js";
import { byId, say } from "./dom.js";
import { explain } from "./sentences.js";

let act = null;

export function startDialogs() {
  const dialog = byId("reason-dialog");
  byId("reason-form").addEventListener("submit", (event) => run(event, dialog, byId("reason-problem"), () => act(byId("reason-text").value)));
  for (const button of document.querySelectorAll("dialog [data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
}

/** Runs what a dialog is for; closes it when that was done, and says in it what went wrong. */
export function run(event, dialog, problem, todo) {
  event.preventDefault();
  return oneAtATime(dialog.querySelector("[type=submit]"), async () => {
    say(problem, null);
    try {
      await todo();
      dialog.close();
    } catch (error) {
      say(problem, explain(error));
    }
  });
}

/**
 * Asks for a reason, then does `todo(reason)`.
 * @param {{title: string, words: string, label: string, reason?: string, isGrave?: boolean}} how
 */
export function askReason({ title, words, label, reason = "", isGrave = false }, todo) {
  act = todo;
  say(byId("reason-title"), title);
  say(byId("reason-words"), words);
  say(byId("reason-problem"), null);
  const button = byId("reason-do");
  say(button, label);
  button.classList.toggle("grave", isGrave);
  byId("reason-text").value = reason;
  byId("reason-dialog").showModal();
  byId("reason-text").focus();
}

// What was done last, in words, with the button that takes it back where the API can.

import { announce, byId, say } from "./dom.js";
import { explain } from "./sentences.js";

let takeBack = null;

export function startUndo() {
  byId("undo").addEventListener("click", undo);
}

/** Says what was done; `todo` takes it back and returns in words what it did, null: nothing can. */
export function showDone(words, todo = null) {
  takeBack = todo;
  byId("done").hidden = false;
  say(byId("done-words"), words);
  say(byId("done-problem"), null);
  // Whoever has pressed it last keeps the focus there.
  byId("undo").hidden = !todo && document.activeElement !== byId("undo");
  byId("undo").setAttribute("aria-disabled", String(!todo));
  announce(todo ? `${words} It can be undone.` : words);
}

export function forgetDone() {
  takeBack = null;
  byId("done").hidden = true;
}

export async function undo() {
  if (!takeBack) return announce("There is nothing to undo.");
  const todo = takeBack;
  takeBack = null;
  try {
    showDone(await todo());
  } catch (error) {
    takeBack = todo;
    say(byId("done-problem"), explain(error));
  }
}

// Single keys: which there are, the dialog that shows them, and the switch that turns them off.
// They do nothing while somebody types, chooses from a list, or has a dialog open.

import { announce, byId, clone, fill } from "./dom.js";

const OFF = "laurel-moderation-keys-off";

let isOn = localStorage.getItem(OFF) === null;

/** @param {{key: string, words: string, run: () => void}[]} shortcuts */
export function startKeyboard(shortcuts) {
  const byKey = new Map(shortcuts.map((each) => [each.key, each]));
  byId("keys-list").replaceChildren(...shortcuts.map(({ key, words }) => fill(clone("key-row"), { key, words })));
  byId("keys-on").checked = isOn;
  byId("keys-on").addEventListener("change", turn);
  byId("show-keys").addEventListener("click", showKeys);
  document.addEventListener("keydown", (event) => {
    const wanted = isFree(event) ? byKey.get(event.key) : undefined;
    if (!wanted) return;
    event.preventDefault();
    wanted.run();
  });
}

export function showKeys() {
  byId("keys-dialog").showModal();
}

function turn(event) {
  isOn = event.target.checked;
  if (isOn) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "1");
  announce(isOn ? "Single keys are on." : "Single keys are off.");
}

function isFree(event) {
  if (!isOn || event.ctrlKey || event.altKey || event.metaKey || byId("work").hidden) return false;
  if (document.querySelector("dialog[open]")) return false;
  return !event.target.closest?.("textarea, select, input:not([type=checkbox])");
}

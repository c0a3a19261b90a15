// The form that decides on the chosen actions: a reason, and a button for each decision that fits.

import { chooseFocused, listChosen, showOutcome } from "./actions.js";
import { RULES, INVERSES, decideAll } from "./decisions.js";
import { announce, byId, isUsable, say, setUsable } from "./ui/dom.js";
import { askReason } from "./ui/dialogs.js";
import { explain, nameDone } from "./ui/sentences.js";
import { showDone } from "./ui/undo.js";
import { current, refreshVisit } from "./visit.js";
import { formatCount, formatNumber } from "/assets/format.js";

const MOST_CHARS = 1000;
const buttons = () => byId("decision").querySelectorAll("[data-decision]");
// What was typed for each player, while the page is open.
const drafts = new Map();

let shownUser = null;
let isDeciding = false;
let isStopped = false;
let tellDecided = () => {};

/** `onDecided` is called when something was decided: the queue is another one then. */
export function startDeciding(onDecided) {
  tellDecided = onDecided;
  byId("decision").addEventListener("submit", (event) => event.preventDefault());
  byId("decision").addEventListener("click", (event) => {
    const button = event.target.closest("[data-decision]");
    if (button) press(button.dataset.decision);
  });
  byId("stop").addEventListener("click", () => { isStopped = true; });
}

/** Puts what was typed for this player back. */
export function drawDeciding({ player }, isNew) {
  if (!isNew || shownUser === player.userId) return;
  if (shownUser) drafts.set(shownUser, byId("reason").value);
  shownUser = player.userId;
  byId("reason").value = drafts.get(shownUser) ?? "";
  say(byId("decision-problem"), null);
}

const fitting = (decision) => listChosen().filter((action) => RULES[decision].from.includes(action.status));

/** Says on each button on how many of the chosen actions it decides. */
export function drawButtons() {
  for (const button of buttons()) {
    const count = fitting(button.dataset.decision).length;
    button.textContent = button.dataset.label + (count ? ` ${formatNumber(count)}` : "");
    setUsable(button, count > 0 && !isDeciding);
  }
  say(byId("chosen"), describeChosen());
}

function describeChosen() {
  const chosen = listChosen();
  if (!chosen.length) return "Nothing is chosen.";
  return `${formatCount(chosen.length, "action")} chosen.`;
}

/** Decides as if the button was pressed; of the action that has the focus when none is chosen. */
export function decideByKey(decision) {
  chooseFocused();
  press(decision);
}

function press(decision) {
  const button = [...buttons()].find((each) => each.dataset.decision === decision);
  const reason = byId("reason").value;
  if (isDeciding) return announce("The decisions before are still on their way.");
  if (!isUsable(button)) return refuse(`Choose an action first that is ${RULES[decision].from.map((status) => (status === "quarantined" ? "held" : status)).join(" or ")}.`);
  if (!reason.trim()) {
    refuse("Write why first: moderators read it later.");
    return byId("reason").focus();
  }
  const actions = fitting(decision);
  if (decision === "void" && actions.length > 1) return confirmVoid(actions, reason);
  return decide(actions.map((action) => action.actionId), decision, reason);
}

function refuse(words) {
  say(byId("decision-problem"), words);
}

function confirmVoid(actions, reason) {
  const worth = actions.reduce((sum, action) => sum + action.score, 0);
  askReason({
    title: `Void ${formatNumber(actions.length)} actions?`,
    words: `${current().player.username} loses ${formatNumber(worth)} points, as if these actions had never counted. It can be undone.`,
    label: `Void ${formatNumber(actions.length)} actions`,
    reason,
    isGrave: true,
  }, async (why) => { decide(actions.map((action) => action.actionId), "void", why); });
}

// What is decided goes on when somebody looks at another player meanwhile.
async function decide(ids, decision, reason) {
  const { player } = current();
  begin(ids.length);
  let count = 0;
  const { done, stopped } = await decideAll(ids, decision, reason, {
    isStopped: () => isStopped,
    onOutcome: (id, outcome) => {
      count += 1;
      showOutcome(id, outcome, outcome.status === "pending" ? "Decided: it is on its way." : `${nameDone(decision)}.`);
      say(byId("progress"), `${formatNumber(count)} of ${formatNumber(ids.length)}`);
    },
  }).finally(end);
  if (stopped) refuse(describeStop(stopped, ids.length - done.length, player));
  else if (count < ids.length) refuse(`Stopped: ${formatCount(ids.length - count, "action")} not decided.`);
  if (done.length) tellDone(done, decision, reason, player);
  await refreshVisit();
  tellDecided();
}

function begin(count) {
  isDeciding = true;
  isStopped = false;
  refuse(null);
  byId("deciding").hidden = count < 2;
  say(byId("progress"), `0 of ${formatNumber(count)}`);
  drawButtons();
}

function end() {
  isDeciding = false;
  byId("deciding").hidden = true;
  drawButtons();
}

function describeStop(error, left, player) {
  const rest = left > 1 ? ` ${formatCount(left, "action")} not decided.` : "";
  const of = current()?.player.userId === player.userId ? "" : `${player.username}: `;
  return `${of}${explain(error)}${rest}`;
}

function tellDone(ids, decision, reason, { username }) {
  const inverse = INVERSES[decision];
  const undo = inverse && (async () => {
    const { done, stopped } = await decideAll(ids, inverse, `Undo: ${reason}`.slice(0, MOST_CHARS), {
      onOutcome: (id, outcome) => showOutcome(id, outcome, `${nameDone(inverse)}.`),
    });
    await refreshVisit();
    tellDecided();
    if (stopped) throw stopped;
    return `${nameDone(inverse)} ${formatCount(done.length, "action")} of ${username}.`;
  });
  showDone(`${nameDone(decision)} ${formatCount(ids.length, "action")} of ${username}.`, undo ?? null);
}

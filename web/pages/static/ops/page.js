// The page for operators: asks for the numbers every two seconds, and says first what needs a hand.

import { byId, setText } from "../dom.js";
import { formatClock } from "../format.js";
import { CardView, LEVELS } from "./card_view.js";
import { CARDS } from "./cards.js";
import { HealthTable } from "./health.js";
import { askForNumbers, token } from "./reads.js";
import { readSamples } from "./readings.js";
import { remembered } from "./remembered.js";
import { Samples } from "./samples.js";

const PAUSE_MS = 2000;
// Another instance is shown when the one that was has not answered for so long.
const GONE_SECONDS = 12;

const cards = CARDS.map((card) => new CardView(card, byId("card")));
const health = new HealthTable(byId("parts"));
const instances = new Map();
let shown = null;
let answeredAt = null;
let timer = null;

// Takes an answer in; returns whether it changes what is shown.
function choose(numbers) {
  const { instance } = numbers;
  if (!instances.has(instance)) instances.set(instance, new Samples());
  const isNew = instances.get(instance).add(numbers);
  if (instance === shown) return isNew;
  const current = instances.get(shown)?.latest;
  if (current && Date.parse(numbers.at) / 1000 - current.at < GONE_SECONDS) return false;
  for (const card of cards) card.forget();
  shown = instance;
  return isNew;
}

// What this tab has seen before it loaded the page again.
function restore() {
  for (const numbers of remembered.get()) {
    if (!choose(numbers)) continue;
    const samples = instances.get(shown);
    const readings = readSamples(samples);
    for (const card of cards) card.remember(readings, samples.latest.at, samples.isAfterHole);
  }
}

function draw() {
  const samples = instances.get(shown);
  const { at, numbers } = samples.latest;
  const readings = readSamples(samples);
  for (const card of cards) card.show(readings, at, samples.isAfterHole);
  sayWhat([...health.show(numbers.health.parts), ...cards.map(({ title, level, element }) => ({ title, level, name: element.id }))]);
  const whose = numbers.scope === "machine" ? `all processes of ${numbers.instance}` : `the process ${numbers.instance} alone: PROMETHEUS_MULTIPROC_DIR is not set`;
  const others = instances.size > 1 ? ` ${instances.size} instances answer here.` : "";
  const restarted = samples.restartedAt ? ` Counters began again at ${formatClock(samples.restartedAt)}: processes were restarted.` : "";
  setText(byId("whose"), `Laurel ${numbers.version}, ${whose}.${others}${restarted}`);
}

// The worst first: in words, with a link to each.
function sayWhat(parts) {
  const toAct = parts.filter((part) => part.level === "act");
  const toLook = parts.filter((part) => part.level === "look");
  const level = toAct.length ? "act" : toLook.length ? "look" : "well";
  const counted = (list, one, many) => (list.length === 1 ? `1 ${one}` : `${list.length} ${many}`);
  const words = {
    act: `${counted(toAct, "thing needs", "things need")} you now`,
    look: `${counted(toLook, "thing is", "things are")} worth a look`,
    well: "All is well",
  };
  byId("verdict").dataset.level = level;
  setText(byId("verdict-sign"), LEVELS[level].sign);
  setText(byId("verdict-text"), words[level]);
  listLinks([...toAct, ...toLook]);
}

function listLinks(parts) {
  const list = byId("concerns");
  const wanted = parts.map(({ name, title, level, words }) => ({ name, title, says: words ?? LEVELS[level].word.toLowerCase() }));
  const items = [...list.children];
  wanted.forEach(({ name, title, says }, n) => {
    const item = items[n] ?? list.appendChild(makeConcern());
    item.firstElementChild.href = `#${name}`;
    setText(item.firstElementChild, title);
    setText(item.lastElementChild, says);
  });
  items.slice(wanted.length).forEach((item) => item.remove());
}

function makeConcern() {
  const item = document.createElement("li");
  item.append(document.createElement("a"), " – ", document.createElement("span"));
  return item;
}

function showState(state, text) {
  byId("state").dataset.state = state;
  setText(byId("state-text"), text);
}

function showRefusal(words) {
  const isAsked = words !== undefined;
  const wasHidden = byId("entry").hidden;
  byId("entry").hidden = !isAsked;
  byId("board").hidden = isAsked || answeredAt === null;
  byId("forget").hidden = isAsked || !token.get();
  if (!isAsked) return;
  setText(byId("entry-why"), words);
  showState("offline", "A token is needed");
  if (wasHidden) byId("token").focus();
}

async function look() {
  clearTimeout(timer);
  const { numbers, refused, problem } = await askForNumbers();
  if (numbers) {
    answeredAt = Date.now();
    showRefusal(undefined);
    byId("stale").hidden = true;
    if (choose(numbers)) draw();
    byId("board").hidden = false;
    showState("live", `Live, ${formatClock(answeredAt)}`);
  } else if (refused) {
    showRefusal(refused);
    return;
  } else {
    showProblem(problem);
  }
  timer = setTimeout(look, PAUSE_MS);
}

// Written once, not with a time that runs: an alert is read out at each change.
function showProblem(problem) {
  showState("offline", `${problem}. Trying again…`);
  const since = answeredAt ? ` The numbers below are of ${formatClock(answeredAt)}.` : "";
  setText(byId("stale-text"), `${problem}.${since} Is a process of the kind api up? See its log, and docs/operations.md, Troubleshooting.`);
  byId("stale").hidden = false;
}

byId("entry-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const given = byId("token").value.trim();
  if (!given) return;
  token.set(given);
  byId("token").value = "";
  look();
});
byId("forget").addEventListener("click", () => {
  token.forget();
  remembered.forget();
  instances.clear();
  shown = null;
  answeredAt = null;
  cards.forEach((card) => card.forget());
  look();
});
addEventListener("pagehide", () => remembered.set(instances.get(shown)?.answers ?? []));
document.addEventListener("visibilitychange", () => { if (!document.hidden && byId("entry").hidden) look(); });
for (const card of cards) byId("cards").append(card.element);
const flower = byId("flower");
flower.href = `${location.protocol}//${location.hostname}:${flower.dataset.port}/`;
restore();
look();

// The filter: shows the operations in which every word that was typed is found.

import { byId } from "./elements.js";

export function startFilter() {
  byId("filter").addEventListener("input", filter);
  filter();
}

function filter() {
  const wanted = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const card of document.querySelectorAll("#operations [data-words]")) {
    const isFound = wanted.every((word) => card.dataset.words.includes(word));
    card.hidden = !isFound;
    document.querySelector(`#index [data-of="${card.id}"]`).hidden = !isFound;
    found += isFound ? 1 : 0;
  }
  for (const group of document.querySelectorAll("[data-group]")) {
    group.hidden = !group.querySelector("[data-words]:not([hidden]), [data-of]:not([hidden])");
  }
  if (wanted.length) byId("fold").open = true;
  byId("found").textContent = tell(wanted.length, found);
}

function tell(words, found) {
  if (!words) return "";
  if (!found) return "Nothing found. Try a path, a field such as score, or a word.";
  return found === 1 ? "1 operation" : `${found} operations`;
}

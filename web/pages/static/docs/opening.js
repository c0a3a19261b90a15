// What is open: the index where there is room for it, and what an address leads to.

import { byId } from "./elements.js";

const WIDE = "(min-width: 55rem)";

/** Folds the index on a narrow screen; there it closes again once something was chosen. */
export function startFold() {
  const wide = matchMedia(WIDE);
  const fold = byId("fold");
  const follow = () => { fold.open = wide.matches; };
  wide.addEventListener("change", follow);
  fold.addEventListener("click", (event) => {
    if (event.target.closest("a") && !wide.matches) fold.open = false;
  });
  follow();
}

/** Opens and shows what the address leads to. */
export function openTarget() {
  const target = byId(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.hidden) {
    byId("filter").value = "";
    byId("filter").dispatchEvent(new Event("input"));
  }
  if (target.tagName === "DETAILS") target.open = true;
  target.scrollIntoView();
}

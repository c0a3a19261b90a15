// Lets rows glide to where they are now: each is drawn at its old place and moves to the new one.

const MOVE_MS = 550;
const EASING = "cubic-bezier(.2, .8, .2, 1)";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const gliding = new WeakMap();

/** Runs `change`, which may move, add and remove rows of `body`, and lets those that moved glide. */
export function glide(body, change) {
  // What is hidden, or asks for calm, is only changed.
  if (calm.matches || document.visibilityState !== "visible") return change();
  // A row that still glides goes on from where it is seen.
  const before = new Map([...body.rows].map((row) => [row, row.getBoundingClientRect().top]));
  for (const row of body.rows) gliding.get(row)?.cancel();
  change();
  const offsets = [...body.rows].map((row) => [row, before.has(row) ? before.get(row) - row.getBoundingClientRect().top : null]);
  for (const [row, offset] of offsets) {
    if (offset === null) row.animate([{ opacity: 0 }, { opacity: 1 }], { duration: MOVE_MS });
    else if (Math.abs(offset) >= 1) gliding.set(row, slide(row, offset));
  }
  return undefined;
}

function slide(row, offset) {
  return row.animate([{ transform: `translateY(${offset}px)` }, { transform: "none" }], { duration: MOVE_MS, easing: EASING });
}

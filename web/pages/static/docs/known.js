// What this page has learned: its guest's id, and the last action that was sent. Fields that ask for
// it are filled with it, unless somebody has typed something else.

// Always there, on every server.
const known = new Map([["boardId", "global"], ["board", "global"]]);

/** Remembers the value of a parameter, in the open cards too. */
export function know(name, value) {
  const before = known.get(name);
  known.set(name, value);
  for (const input of document.querySelectorAll(`[data-parameter="${CSS.escape(name)}"]`)) {
    if (input.value === before || input.value === input.dataset.example) input.value = value;
  }
}

/** Returns what is known of a parameter, else the example. */
export function recall(name, example) {
  return known.get(name) ?? example;
}

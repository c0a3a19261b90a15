// The answers of the last ten minutes, for when this tab loads the page again. Nothing leaves the tab.

import { KEPT_SECONDS } from "./samples.js";

const STORED_ANSWERS = "laurel-ops-answers";

export const remembered = {
  /** Keeps the answers, the oldest first. A browser may refuse: then the page begins anew. */
  set(answers) {
    try {
      sessionStorage.setItem(STORED_ANSWERS, JSON.stringify(answers));
    } catch {
      sessionStorage.removeItem(STORED_ANSWERS);
    }
  },

  /** Returns the answers that are not too old. */
  get() {
    try {
      const answers = JSON.parse(sessionStorage.getItem(STORED_ANSWERS)) ?? [];
      return answers.filter(({ at }) => Date.parse(at) > Date.now() - KEPT_SECONDS * 1000);
    } catch {
      return [];
    }
  },

  forget: () => sessionStorage.removeItem(STORED_ANSWERS),
};

// The page of the API: shows /openapi.json, and lets its calls be tried. Its parts are in docs/.

import { call } from "./laurel/calls.js";
import { showCards } from "./docs/cards.js";
import { startFilter } from "./docs/filter.js";
import { openTarget, startFold } from "./docs/opening.js";
import { showIndex } from "./docs/index.js";
import { groupByTag } from "./docs/operations.js";
import { showSchemas } from "./docs/schemas.js";
import { byId, write } from "./docs/elements.js";
import { startToken } from "./docs/token.js";

async function show() {
  const { status, body: api } = await call("", "GET", "/openapi.json");
  if (status !== 200) throw new Error(`the server answered ${status}`);
  byId("title").textContent = `${api.info.title} API`;
  byId("description").replaceChildren(...api.info.description.split("\n\n").map((text) => write("p", text)));
  const groups = groupByTag(api);
  showIndex(byId("index"), groups);
  showCards(byId("operations"), groups, api);
  showSchemas(byId("schemas"), api);
  startFilter();
  openTarget();
}

startFold();
startToken();
addEventListener("hashchange", openTarget);
show().catch((error) => {
  byId("description").textContent = `The OpenAPI document could not be read: ${error.message}`;
});

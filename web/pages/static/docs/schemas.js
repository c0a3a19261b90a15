// The schemas, below the operations.

import { element, write } from "./elements.js";
import { listFields } from "./fields.js";
import { describeBounds } from "./types.js";

/** Shows every schema; the inside is made when it is opened first. */
export function showSchemas(place, api) {
  place.replaceChildren(...Object.entries(api.components.schemas).map(([name, schema]) => showSchema(name, schema, api)));
}

function showSchema(name, schema, api) {
  const shown = element(
    "details", { id: `schema-${name}` },
    element("summary", {}, element("code", {}, name), write("span", schema.description, { class: "what" })),
  );
  shown.addEventListener("toggle", () => {
    if (!shown.open || shown.querySelector(".inside")) return;
    const fields = schema.properties ? listFields(schema, api, 1) : element("p", {}, describeBounds(schema));
    shown.append(element("div", { class: "inside" }, fields));
  });
  return shown;
}

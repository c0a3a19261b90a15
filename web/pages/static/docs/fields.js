// Lists of fields and of parameters.

import { element, write } from "./elements.js";
import { resolve } from "./operations.js";
import { describeBounds, describeType } from "./types.js";

// Of what is inside of what is inside, the schema below tells.
const DEPTH = 2;

/** The fields of a schema, and of the objects in it where they have schemas of their own. */
export function listFields(schema, api, depth = DEPTH) {
  const required = new Set(schema.required ?? []);
  const items = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const inner = depth > 1 ? resolve(field.items ?? field, api) : null;
    const nested = inner !== field && inner?.properties ? listFields(inner, api, depth - 1) : null;
    return showOne(name, required.has(name), describeType(field), field, nested);
  });
  return element("ul", { class: "fields" }, ...items);
}

/** The parameters of an operation. */
export function listParameters(parameters) {
  const items = parameters.map((parameter) => {
    const type = element("span", {}, describeType(parameter.schema), ` in the ${parameter.in}`);
    const words = { ...parameter.schema, description: parameter.description };
    return showOne(parameter.name, parameter.required, type, words, null);
  });
  return element("ul", { class: "fields" }, ...items);
}

function showOne(name, isRequired, type, schema, nested) {
  const bounds = describeBounds(schema);
  return element(
    "li", {},
    element("code", {}, name), " ",
    element("span", { class: "type" }, type), " ",
    isRequired ? element("span", { class: "required" }, "required") : null,
    schema.description ? write("p", schema.description) : null,
    bounds ? element("p", { class: "quiet" }, bounds) : null,
    nested,
  );
}

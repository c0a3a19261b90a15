// How types and bounds of the schemas are written.

import { element } from "./elements.js";
import { lastOf } from "./operations.js";

/** The schema's type in words, with links to the schemas that it refers to. */
export function describeType(schema) {
  if (schema.$ref) return link(schema.$ref);
  const variants = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (variants) return join(variants.map(describeType), " or ");
  if (schema.items) return element("span", {}, "array of ", describeType(schema.items));
  if (schema.additionalProperties?.$ref) return element("span", {}, "object of ", link(schema.additionalProperties.$ref));
  return [].concat(schema.type ?? "any value").join(" or ") + (schema.format ? ` (${schema.format})` : "");
}

/** What values are taken, in words; "" where every one of the type is. */
export function describeBounds(schema) {
  const facts = [];
  if (schema.enum) facts.push(`one of ${schema.enum.map(String).join(", ")}`);
  if (schema.minimum !== undefined) facts.push(`from ${schema.minimum}`);
  if (schema.maximum !== undefined) facts.push(`to ${schema.maximum}`);
  if (schema.minLength !== undefined) facts.push(`at least ${schema.minLength} characters`);
  if (schema.maxLength !== undefined) facts.push(`at most ${schema.maxLength} characters`);
  if (schema.minItems !== undefined) facts.push(`at least ${schema.minItems} of them`);
  if (schema.maxItems !== undefined) facts.push(`at most ${schema.maxItems} of them`);
  if (schema.pattern) facts.push(`like ${schema.pattern}`);
  if (schema.default !== undefined && schema.default !== null) facts.push(`default ${schema.default}`);
  return facts.join(", ");
}

function link(reference) {
  return element("a", { href: `#schema-${lastOf(reference)}` }, lastOf(reference));
}

function join(parts, between) {
  return element("span", {}, ...parts.flatMap((part, at) => (at ? [between, part] : [part])));
}

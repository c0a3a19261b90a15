// The operations of the document, in its order.

const METHODS = ["get", "post", "put", "patch", "delete"];

/** @typedef {{ path: string, method: string, operation: any }} Entry */

/** Returns the operations by tag. @returns {Map<string, Entry[]>} */
export function groupByTag(api) {
  const groups = new Map(api.tags.map((tag) => [tag.name, []]));
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((name) => methods[name])) {
      const operation = methods[method];
      groups.get(operation.tags[0]).push({ path, method, operation });
    }
  }
  return groups;
}

/** What a body or an answer has as JSON: its schema and its examples; undefined for none. */
export function jsonOf(part) {
  return part?.content?.["application/json"];
}

/** Returns the examples by name, those that are referred to too. */
export function examplesOf(content, api) {
  const named = Object.entries(content?.examples ?? {});
  return named.map(([name, example]) => [name, example.$ref ? api.components.examples[lastOf(example.$ref)].value : example.value]);
}

/** What a person may look for: method, path, words, and the names of the fields that are sent. */
export function wordsOf({ path, method, operation }, api) {
  const fields = listNames(jsonOf(operation.requestBody)?.schema, api);
  const parameters = operation.parameters.map(({ name }) => name);
  const parts = [method, path, operation.summary, operation.description, operation.operationId, operation.tags[0]];
  return [...parts, ...fields, ...parameters].join(" ").toLowerCase();
}

/** The names of the fields of a body, those of the objects in its lists too. */
function listNames(schema, api) {
  const properties = Object.entries(resolve(schema, api)?.properties ?? {});
  return properties.flatMap(([name, field]) => [name, ...(field.items ? listNames(field.items, api) : [])]);
}

/** Returns the schema itself where it is referred to. */
export function resolve(schema, api) {
  return schema?.$ref ? api.components.schemas[lastOf(schema.$ref)] : schema;
}

/** Returns the name at the end of a reference. */
export function lastOf(reference) {
  return reference.split("/").pop();
}

// Shows /openapi.json as a page: what there is, what it takes and answers, and a way to try it.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
const byId = (id) => document.getElementById(id);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") made.className = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function nameOf(reference) {
  return reference.split("/").pop();
}

function link(reference) {
  return element("a", { href: `#schema-${nameOf(reference)}` }, nameOf(reference));
}

function listTypes(schema) {
  return [].concat(schema.type ?? []).join(" or ");
}

function describeType(schema) {
  if (!schema) return "";
  if (schema.$ref) return link(schema.$ref);
  const variants = schema.anyOf ?? schema.allOf ?? schema.oneOf;
  if (variants) {
    const parts = variants.flatMap((variant, at) => (at ? [" or ", describeType(variant)] : [describeType(variant)]));
    return element("span", {}, ...parts);
  }
  if (schema.items) return element("span", {}, "array of ", describeType(schema.items));
  return listTypes(schema) + (schema.format ? ` (${schema.format})` : "");
}

function describeBounds(schema) {
  const facts = [];
  if (schema.enum) facts.push(`one of ${schema.enum.join(", ")}`);
  if (schema.minimum !== undefined) facts.push(`from ${schema.minimum}`);
  if (schema.maximum !== undefined) facts.push(`to ${schema.maximum}`);
  if (schema.minLength !== undefined) facts.push(`at least ${schema.minLength} characters`);
  if (schema.maxLength !== undefined) facts.push(`at most ${schema.maxLength} characters`);
  if (schema.minItems !== undefined) facts.push(`at least ${schema.minItems}`);
  if (schema.maxItems !== undefined) facts.push(`at most ${schema.maxItems}`);
  if (schema.default !== undefined && schema.default !== null) facts.push(`default ${schema.default}`);
  return [schema.description, facts.join(", ")].filter(Boolean).join("; ").replaceAll("`", "");
}

function table(heads, rows) {
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
  const body = rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell))));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}

function showParameters(operation) {
  const parameters = operation.parameters ?? [];
  if (!parameters.length) return [];
  const rows = parameters.map((parameter) => [
    element("code", {}, parameter.name + (parameter.required ? " *" : "")),
    parameter.in,
    describeType(parameter.schema),
    [parameter.description?.replaceAll("`", ""), describeBounds(parameter.schema ?? {})].filter(Boolean).join("; "),
  ]);
  return [element("h3", {}, "Parameters"), table(["Name", "In", "Type", "What it is"], rows)];
}

function bodySchema(part) {
  return Object.values(part?.content ?? {})[0]?.schema;
}

function showBody(operation) {
  const schema = bodySchema(operation.requestBody);
  return schema ? [element("h3", {}, "Body"), element("p", {}, describeType(schema))] : [];
}

function showAnswers(operation) {
  const rows = Object.entries(operation.responses).map(([status, answer]) => [
    element("code", {}, status),
    answer.description.replaceAll("`", ""),
    describeType(bodySchema(answer)),
  ]);
  return [element("h3", {}, "Answers"), table(["Status", "Meaning", "Body"], rows)];
}

function resolve(schema, all) {
  return schema?.$ref ? all[nameOf(schema.$ref)] : schema;
}

function makeExample(schema, all, name = "") {
  const plain = resolve(schema, all) ?? {};
  if (plain.properties) {
    const entries = Object.entries(plain.properties).filter(([key]) => key !== "userId");
    return Object.fromEntries(entries.map(([key, value]) => [key, makeExample(value, all, key)]));
  }
  const type = listTypes(plain);
  if (type.startsWith("array")) return [makeExample(plain.items, all)];
  if (plain.format === "uuid") return crypto.randomUUID?.() ?? "550e8400-e29b-41d4-a716-446655440000";
  if (plain.format === "date-time") return new Date().toISOString();
  if (name === "metadata") return { actionType: "level_complete", level: 5 };
  if (type.startsWith("integer")) return Math.max(plain.minimum ?? 0, 150);
  return type.startsWith("object") ? {} : "text";
}

function showTrial(path, method, operation, all) {
  const asked = (operation.parameters ?? []).map((parameter) => {
    const id = `${operation.operationId}-${parameter.name}`;
    const input = element("input", { id, autocomplete: "off" });
    return { parameter, input, shown: element("p", {}, element("label", { for: id }, parameter.name), input) };
  });
  const schema = bodySchema(operation.requestBody);
  const bodyId = `${operation.operationId}-body`;
  const body = schema ? element("textarea", { id: bodyId, rows: "8", spellcheck: "false" }) : null;
  if (body) body.value = JSON.stringify(makeExample(schema, all), null, 2);
  const button = element("button", { type: "button" }, "Send");
  const output = element("div", { "aria-live": "polite" });
  button.addEventListener("click", () => send(path, method, asked, body, output));
  const bodyPart = body ? [element("label", { for: bodyId }, "Body"), body] : [];
  return [element("h3", {}, "Try it"), ...asked.map(({ shown }) => shown), ...bodyPart, button, output];
}

async function send(path, method, asked, body, output) {
  const headers = {};
  const query = new URLSearchParams();
  let address = path;
  for (const { parameter, input } of asked) {
    if (parameter.in === "path") address = address.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value && parameter.in === "query") query.set(parameter.name, input.value);
    else if (input.value) headers[parameter.name] = input.value;
  }
  if (body) headers["Content-Type"] = "application/json";
  if (byId("token").value) headers.Authorization = `Bearer ${byId("token").value}`;
  try {
    const full = query.size ? `${address}?${query}` : address;
    const answer = await fetch(full, { method: method.toUpperCase(), headers, body: body?.value });
    const text = await answer.text();
    const isJson = (answer.headers.get("Content-Type") ?? "").includes("json");
    const shown = isJson && text ? JSON.stringify(JSON.parse(text), null, 2) : text.slice(0, 4000);
    const line = element("p", { class: answer.ok ? "" : "bad" }, `${answer.status} ${answer.statusText}`);
    output.replaceChildren(line, element("pre", { tabindex: "0" }, shown));
  } catch (error) {
    output.replaceChildren(element("p", { class: "bad" }, error.message));
  }
}

function showOperation(path, method, operation, all) {
  const isPublic = operation.security?.length === 0;
  const summary = element(
    "summary", {},
    element("span", { class: `method ${method}` }, method),
    element("code", {}, path),
    element("span", { class: "what" }, operation.summary),
    isPublic ? element("span", { class: "public" }, "no token") : null,
  );
  const inside = element(
    "div", { class: "inside" },
    ...showParameters(operation), ...showBody(operation), ...showAnswers(operation),
    ...showTrial(path, method, operation, all),
  );
  return element("details", { id: operation.operationId }, summary, inside);
}

function showSchema(name, schema) {
  const required = new Set(schema.required ?? []);
  const rows = Object.entries(schema.properties ?? {}).map(([key, value]) => [
    element("code", {}, key + (required.has(key) ? " *" : "")), describeType(value), describeBounds(value),
  ]);
  const inside = element("div", { class: "inside" }, table(["Field", "Type", "What it is"], rows));
  return element("details", { id: `schema-${name}` }, element("summary", {}, element("code", {}, name)), inside);
}

function listOperations(document_) {
  return Object.entries(document_.paths).flatMap(([path, methods]) =>
    METHODS.filter((method) => methods[method]).map((method) => ({ path, method, operation: methods[method] })));
}

function groupByTag(operations, tags) {
  const groups = new Map(tags.map((tag) => [tag.name, []]));
  for (const entry of operations) {
    const tag = entry.operation.tags[0];
    groups.get(tag).push(entry);
  }
  return groups;
}

function showIndex(groups) {
  const parts = [...groups].flatMap(([tag, entries]) => [
    element("h2", {}, tag),
    element("ul", {}, ...entries.map(({ path, method, operation }) =>
      element("li", { "data-words": `${method} ${path} ${operation.summary}`.toLowerCase() },
        element("a", { href: `#${operation.operationId}` },
          element("span", { class: `method ${method}` }, method), path)))),
  ]);
  byId("index").replaceChildren(...parts);
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.tagName === "DETAILS") target.open = true;
  target?.scrollIntoView();
}

function filterIndex() {
  const wanted = byId("filter").value.toLowerCase();
  for (const item of document.querySelectorAll("[data-words]")) item.hidden = !item.dataset.words.includes(wanted);
}

async function show() {
  const api = await (await fetch("/openapi.json")).json();
  byId("title").textContent = `${api.info.title} API`;
  byId("description").textContent = api.info.description.replaceAll("`", "");
  const all = api.components.schemas;
  const groups = groupByTag(listOperations(api), api.tags);
  showIndex(groups);
  const shown = [...groups].flatMap(([tag, entries]) => [
    element("h2", {}, tag),
    ...entries.map(({ path, method, operation }) => showOperation(path, method, operation, all)),
  ]);
  byId("operations").replaceChildren(...shown);
  byId("schemas").replaceChildren(...Object.entries(all).map(([name, schema]) => showSchema(name, schema)));
  openTarget();
}

addEventListener("hashchange", openTarget);
byId("filter").addEventListener("input", filterIndex);
show().catch((error) => { byId("description").textContent = `The OpenAPI document could not be read: ${error.message}`; });
